# Compile a text file of data/ in: medkg_embed(FOLDER FILE) makes `mkg__data_<name>` and
# `mkg__data_<name>_size` of it, which FOLDER/data_internal.h declares. Run by itself (-P)
# it writes the C file.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${IN} hex HEX)
  string(LENGTH "${hex}" size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE
    "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)"
    "\\1\n" bytes "${bytes}")
  file(WRITE ${OUT} "#include \"${FOLDER}/data_internal.h\"\n"
    "const unsigned char mkg__data_${NAME}[] = {\n${bytes}0};\n"
    "const size_t mkg__data_${NAME}_size = ${size};\n")
  return()
endif()

function(medkg_embed folder file)
  get_filename_component(name ${file} NAME_WE)
  set(out ${PROJECT_BINARY_DIR}/data_${name}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${PROJECT_SOURCE_DIR}/${file} -DOUT=${out} -DNAME=${name}
      -DFOLDER=${folder}
      -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(medkg_${folder} PRIVATE ${out})
endfunction()
