# Each header compiles alone, as C11 and inside C++.
# cmake -DROOT=<project> -DCC=<compiler> -DCXX=<compiler or empty> -DFLAGS=<includes> -P
cmake_minimum_required(VERSION 3.25)
set(public base/base.h base/text.h base/mem.h kg/kg.h kg/writer.h kg/graph.h kg/export.h
  import/import.h embed/vectors.h embed/node2vec.h embed/export.h retrieve/evidence.h
  retrieve/intents.h retrieve/retrieve.h lm/lm.h lm/gguf.h lm/gguf_types.h lm/model.h
  lm/session.h lm/generate.h lm/bench.h lm/quantize.h
  lm/tokenizer.h lm/template.h lm/sample.h lm/constrain.h)
file(GLOB all RELATIVE ${ROOT} ${ROOT}/base/*.h ${ROOT}/kg/*.h ${ROOT}/import/*.h
  ${ROOT}/embed/*.h ${ROOT}/retrieve/*.h ${ROOT}/lm/*.h ${ROOT}/cli/*.h)
foreach(header IN LISTS all)
  execute_process(COMMAND ${CC} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic
    -Werror -I${ROOT} -include ${ROOT}/${header} -fsyntax-only -x c /dev/null
    RESULT_VARIABLE rc ERROR_VARIABLE why)
  if(rc)
    message(SEND_ERROR "${header} does not compile alone:\n${why}")
  endif()
endforeach()
if(CXX)
  foreach(header IN LISTS public)
    execute_process(COMMAND ${CXX} -std=c++17 -Wall -Wextra -Werror -I${ROOT}
      -include ${ROOT}/${header} -fsyntax-only -x c++ /dev/null
      RESULT_VARIABLE rc ERROR_VARIABLE why)
    if(rc)
      message(SEND_ERROR "${header} does not compile as C++:\n${why}")
    endif()
  endforeach()
endif()
