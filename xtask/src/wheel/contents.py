"""Lists the files of a wheel; fails if its module has a table of symbols left."""

import struct
import sys
import zipfile

wheel = zipfile.ZipFile(sys.argv[1])
print("\n".join(wheel.namelist()))
elf = wheel.read("laureola/_laureola.abi3.so")
place, size, count = *struct.unpack_from("<Q", elf, 0x28), *struct.unpack_from("<HH", elf, 0x3A)
kinds = [struct.unpack_from("<I", elf, place + number * size + 4)[0] for number in range(count)]
if 2 in kinds:
    sys.exit("the module is not stripped")
