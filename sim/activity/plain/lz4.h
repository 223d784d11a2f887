// The two functions of LZ4 that Verilator's FST writer calls, without compression: a block of literals alone, which every
// reader of LZ4 takes. So waves need no system package; they are larger than they could be.
#pragma once

#include <cstring>

inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char* source, char* target, int size, int capacity) {
    if (capacity < LZ4_compressBound(size)) return 0;
    unsigned char* out = reinterpret_cast<unsigned char*>(target);
    *out++ = (size < 15 ? size : 15) << 4;
    if (size >= 15) {
        int left = size - 15;
        for (; left >= 255; left -= 255) *out++ = 255;
        *out++ = left;
    }
    std::memcpy(out, source, size);
    return int(out - reinterpret_cast<unsigned char*>(target)) + size;
}
