# cmake -DOUTPUT=<file> -DSCRIPTS=<list> -P embed_debugger_scripts.cmake: C++ that holds the scripts by their names.
set(text "#include \"program/replay/debugger.hpp\"\n\nnamespace eventual::program {\n")
foreach(script IN LISTS SCRIPTS)
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} content)
  string(APPEND text "\nextern const std::string_view k_${name} = R\"~script~(${content})~script~\";\n")
endforeach()
string(APPEND text "\n}  // namespace eventual::program\n")
file(WRITE ${OUTPUT} "${text}")
