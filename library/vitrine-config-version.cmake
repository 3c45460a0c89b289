# The version that the header states. One of the same major version and at least the wished one will do.
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../../../include/vitrine.h" _vitrine_line
  REGEX "^#define VITRINE_VERSION ")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" PACKAGE_VERSION "${_vitrine_line}")
string(REGEX MATCH "^[0-9]+" _vitrine_major "${PACKAGE_VERSION}")

if(PACKAGE_FIND_VERSION_MAJOR EQUAL _vitrine_major
    AND NOT PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION
    AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()

unset(_vitrine_line)
unset(_vitrine_major)
