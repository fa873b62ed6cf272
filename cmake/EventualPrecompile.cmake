# Precompiled headers that several targets share.
option(EVENTUAL_PCH "Use precompiled headers" ON)

# The standard headers that nearly every file here includes.
set(EVENTUAL_STD_HEADERS
    <algorithm> <array> <atomic> <chrono> <coroutine> <cstdint> <cstring> <exception> <functional>
    <map> <memory> <mutex> <optional> <span> <string> <string_view> <tuple> <type_traits>
    <unordered_map> <utility> <variant> <vector>)

# eventual_precompile(target headers…): a target that only holds a precompiled header, for others to reuse.
# They must have the same flags and definitions.
function(eventual_precompile target)
  if(EVENTUAL_PCH)
    file(WRITE ${CMAKE_BINARY_DIR}/pch/${target}.cpp.in "// Holds a precompiled header.\n")
    configure_file(${CMAKE_BINARY_DIR}/pch/${target}.cpp.in ${CMAKE_BINARY_DIR}/pch/${target}.cpp COPYONLY)
    add_library(${target} OBJECT ${CMAKE_BINARY_DIR}/pch/${target}.cpp)
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(${target} PRIVATE ${ARGN})
  endif()
endfunction()

function(eventual_reuse_precompiled target from)
  if(TARGET ${from})
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()
