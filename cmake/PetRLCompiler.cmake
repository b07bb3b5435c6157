set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
find_program(PETRL_CCACHE ccache)
if(PETRL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${PETRL_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${PETRL_CCACHE}")
endif()

add_library(petrl_warnings INTERFACE)
set(PETRL_WARNINGS -Wall -Wextra -Wshadow -Wpointer-arith)
target_compile_options(petrl_warnings INTERFACE "$<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:${PETRL_WARNINGS}>"
                                                "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra>")
# We speak the names that all supported PETScs know: that newer ones have others is no news. PETSc's own strncpy is not
# ours to warn about.
foreach(minor RANGE 19 26)
  target_compile_definitions(petrl_warnings INTERFACE PETSC_SILENCE_DEPRECATION_WARNINGS_3_${minor}_0)
endforeach()
target_compile_options(petrl_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-truncation>)
if(PETRL_WERROR)
  target_compile_options(petrl_warnings INTERFACE $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Werror>
                                                  "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings>")
endif()
