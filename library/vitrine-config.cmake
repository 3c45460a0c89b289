# find_package(vitrine) makes the target vitrine::vitrine, of the bundle that this file lies in.
get_filename_component(_vitrine_bundle "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET vitrine::vitrine)
  add_library(vitrine::vitrine SHARED IMPORTED)
  set_target_properties(vitrine::vitrine PROPERTIES
    IMPORTED_LOCATION "${_vitrine_bundle}/lib/libvitrine.so"
    IMPORTED_SONAME libvitrine.so.1
    INTERFACE_INCLUDE_DIRECTORIES "${_vitrine_bundle}/include")
endif()

unset(_vitrine_bundle)
