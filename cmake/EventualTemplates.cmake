# The projects that `eventual new` makes (cli/templates): each is built and tested here as the service `template_<name>`
# (eventual_add_templates), and all of their files are embedded into the command.
set(EVENTUAL_TEMPLATE_ROOT ${PROJECT_SOURCE_DIR}/cli/templates)
file(GLOB_RECURSE eventual_template_files CONFIGURE_DEPENDS RELATIVE ${EVENTUAL_TEMPLATE_ROOT}
     ${EVENTUAL_TEMPLATE_ROOT}/*)

# The command's part: a source file that holds them.
set(EVENTUAL_TEMPLATES_CPP ${PROJECT_BINARY_DIR}/cli/templates.cpp)
set(eventual_template_paths ${eventual_template_files})
list(TRANSFORM eventual_template_paths PREPEND ${EVENTUAL_TEMPLATE_ROOT}/)
add_custom_command(
  OUTPUT ${EVENTUAL_TEMPLATES_CPP}
  COMMAND ${CMAKE_COMMAND} -DROOT=${EVENTUAL_TEMPLATE_ROOT} -DOUTPUT=${EVENTUAL_TEMPLATES_CPP}
          -P ${CMAKE_CURRENT_LIST_DIR}/embed_templates.cmake
  DEPENDS ${eventual_template_paths} ${CMAKE_CURRENT_LIST_DIR}/embed_templates.cmake
  COMMENT "Embedding the project templates"
  VERBATIM)

function(eventual_add_templates)
  foreach(file IN LISTS eventual_template_files)
    if(file MATCHES "^([a-z]+)/service\\.hpp$")
      eventual_add_template(${CMAKE_MATCH_1})
    endif()
  endforeach()
endfunction()

function(eventual_add_template template)
  set(folder ${PROJECT_BINARY_DIR}/templates/${template})
  set(name template-${template})
  set(sources "")
  foreach(file IN LISTS eventual_template_files)
    if(file MATCHES "^${template}/(.*\\.[ch]pp)$")
      set(copy ${folder}/${CMAKE_MATCH_1})
      configure_file(${EVENTUAL_TEMPLATE_ROOT}/${file} ${copy} @ONLY)
      if(copy MATCHES "\\.cpp$" AND NOT copy MATCHES "_test\\.cpp$")
        list(APPEND sources ${copy})
      endif()
    endif()
  endforeach()
  eventual_add_service(template_${template} ${sources} TESTS ${folder}/service_test.cpp)
endfunction()
