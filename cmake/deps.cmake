# Libraries by their Debian packages (packages.txt). Those that few commands need are
# opened at run time (base/dylib.h): only their headers are used here.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(ARCHIVE REQUIRED libarchive)
pkg_check_modules(SERD REQUIRED IMPORTED_TARGET serd-0)
pkg_check_modules(XML REQUIRED libxml-2.0)
pkg_check_modules(CURL REQUIRED libcurl)
pkg_check_modules(IGRAPH REQUIRED igraph)
pkg_check_modules(OPENBLAS REQUIRED openblas)
find_path(STEMMER_INCLUDE_DIR libstemmer.h REQUIRED)

add_library(medkg_deps INTERFACE)
target_link_libraries(medkg_deps INTERFACE
  PkgConfig::LMDB PkgConfig::JANSSON PkgConfig::UTF8PROC PkgConfig::SODIUM
  PkgConfig::XXHASH PkgConfig::SERD ZLIB::ZLIB Threads::Threads ${CMAKE_DL_LIBS} m)
target_include_directories(medkg_deps SYSTEM INTERFACE
  ${ARCHIVE_INCLUDE_DIRS} ${XML_INCLUDE_DIRS} ${STEMMER_INCLUDE_DIR} ${CURL_INCLUDE_DIRS}
  ${IGRAPH_INCLUDE_DIRS} ${OPENBLAS_INCLUDE_DIRS})
