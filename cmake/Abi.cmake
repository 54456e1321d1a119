# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DROOT=DIR -DOUT=FILE -P Abi.cmake: a number for all headers a plug-in may be built
# against, so that one built against other headers is refused instead of crashing.
file(GLOB headers ${ROOT}/sim/core/*.h ${ROOT}/sim/stat/*.h ${ROOT}/sim/hw/*.h
     ${ROOT}/sim/kern/*.h ${ROOT}/sim/mm/*.h ${ROOT}/sim/model/*.h ${ROOT}/models/*/*.h)
list(SORT headers)
foreach(h ${headers})
  file(SHA256 ${h} sum)
  string(APPEND sums ${sum})
endforeach()
string(SHA256 sum "${sums}")
string(SUBSTRING ${sum} 0 8 abi)
set(text "/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Made by cmake/Abi.cmake from the headers beside it. */
#define MMSIM_ABI 0x${abi}U
")
set(old "")
if(EXISTS ${OUT})
  file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
