# SPDX-License-Identifier: GPL-2.0-or-later
# The commit a build was configured at, for `mmsim --version`; "unknown" outside git.
set(MMSIM_GIT "unknown")
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} describe --always --dirty
                  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
                  OUTPUT_VARIABLE git_out OUTPUT_STRIP_TRAILING_WHITESPACE
                  ERROR_QUIET RESULT_VARIABLE git_rc)
  if(git_rc EQUAL 0)
    set(MMSIM_GIT "${git_out}")
  endif()
endif()
