// The two functions of zlib that Verilator's FST writer calls, without compression: stored blocks and their checksum.
// What comes out is longer than what went in, so the writer keeps the plain bytes.
#pragma once

#include <cstring>

typedef unsigned long uLong;
typedef unsigned long uLongf;
typedef unsigned char Bytef;
constexpr int Z_OK = 0;
constexpr int Z_BUF_ERROR = -5;

inline uLong compressBound(uLong size) { return size + 5 * (size / 65535 + 1) + 6; }

inline int compress2(Bytef* target, uLongf* target_size, const Bytef* source, uLong size, int) {
    if (*target_size < compressBound(size)) return Z_BUF_ERROR;
    Bytef* out = target;
    *out++ = 0x78;
    *out++ = 0x01;
    uLong done = 0, low = 1, high = 0;
    do {
        uLong block = size - done < 65535 ? size - done : 65535;
        *out++ = done + block == size;
        *out++ = block & 255;
        *out++ = block >> 8;
        *out++ = ~block & 255;
        *out++ = ~block >> 8 & 255;
        std::memcpy(out, source + done, block);
        for (uLong i = 0; i < block; ++i) {
            low = (low + source[done + i]) % 65521;
            high = (high + low) % 65521;
        }
        out += block;
        done += block;
    } while (done < size);
    *out++ = high >> 8;
    *out++ = high & 255;
    *out++ = low >> 8;
    *out++ = low & 255;
    *target_size = uLongf(out - target);
    return Z_OK;
}
