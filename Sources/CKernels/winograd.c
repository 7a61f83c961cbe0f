#include "Winograd.h"
#include "dispatch.h"
#include <string.h>

// Along one axis, four results from points 0, ±a, ±b and infinity. These a and b are exact in binary and lose least to rounding
// among small fractions (Barabasz et al. 2020 on why not 1 and 2).
#define A 0.625f
#define B 1.5f
// At a stride of 2, the places of even number meet the outer two taps: points 0, ±1, 2 and infinity. Those of odd number meet the
// middle tap alone, and stay as they are.

enum { LANES = 16, CHUNK = 12, KINDS = 6 };

// Lines of a cache; read wherever numbers may stand.
typedef float lanes __attribute__((vector_size(64), aligned(4)));
typedef int bits __attribute__((vector_size(64), aligned(4)));

struct plan {
  // Places of a tile in transformed space along one axis, and of the input.
  int points, reach;
  ptrdiff_t inBlocks, outPairs, tiles[2], tileCount, group;
  // From one point to the next: a little more than what is there, for points at multiples of 4 KiB would share a place in the cache.
  ptrdiff_t vPlane, mPlane;
};

// Transformed inputs of this many bytes, and results beside them, at a time: what a core has to itself.
static const ptrdiff_t cacheBytes = 700 << 10;

static struct plan planned(const struct ck_winograd *s) {
  struct plan p;
  p.points = s->stride == 1 ? 6 : 9;
  p.reach = s->stride == 1 ? 6 : 9;
  p.inBlocks = (s->inputs + LANES - 1) / LANES;
  p.outPairs = s->outputs / (2 * LANES);
  p.tiles[0] = (s->output[0] + 3) / 4;
  p.tiles[1] = (s->output[1] + 3) / 4;
  p.tileCount = s->batch * p.tiles[0] * p.tiles[1];
  const ptrdiff_t perTile = p.points * p.points * LANES * (ptrdiff_t)sizeof(float) * (p.inBlocks + 2);
  p.group = cacheBytes / perTile / CHUNK * CHUNK;
  if (p.group < CHUNK) p.group = CHUNK;
  if (p.group > (p.tileCount + 3) / 4 * 4) p.group = (p.tileCount + 3) / 4 * 4;
  p.vPlane = p.group * p.inBlocks * LANES + LANES;
  p.mPlane = p.group * 2 * LANES + LANES;
  return p;
}

size_t ck_winograd_packed(const struct ck_winograd *s) { return (size_t)(KINDS * KINDS * s->inputs * s->outputs); }

size_t ck_winograd_scratch(const struct ck_winograd *s) {
  const struct plan p = planned(s);
  return (size_t)(p.points * p.points * (p.vPlane + p.mPlane));
}

// One row for each kind of point; the four middle taps of a stride of 2 are alike.
static void kernel_matrix(ptrdiff_t stride, double g[KINDS][3]) {
  const double strided[KINDS][3] = {{0.5, 0, 0}, {-0.5, 0, -0.5}, {-1.0 / 6, 0, 1.0 / 6}, {1.0 / 6, 0, 2.0 / 6}, {0, 0, 1}, {0, 1, 0}};
  if (stride == 2) {
    memcpy(g, strided, sizeof strided);
    return;
  }
  const double points[5] = {0, A, -A, B, -B};
  for (int i = 0; i < 5; i++) {
    double n = 1;
    for (int j = 0; j < 5; j++) n *= i == j ? 1 : points[i] - points[j];
    for (int k = 0; k < 3; k++) g[i][k] = (k == 0 ? 1 : k == 1 ? points[i] : points[i] * points[i]) / n;
  }
  g[5][0] = g[5][1] = 0;
  g[5][2] = 1;
}

// [pairs of output blocks][kind of point, both ways][input][32 outputs]
void ck_winograd_pack(const struct ck_winograd *s, const float *weight, float *packed) {
  double g[KINDS][3];
  kernel_matrix(s->stride, g);
  for (ptrdiff_t o = 0; o < s->outputs; o++) {
    for (ptrdiff_t i = 0; i < s->inputs; i++) {
      const float *w = weight + (o * s->inputs + i) * 9;
      float *first = packed + (o / 32 * KINDS * KINDS * s->inputs + i) * 32 + o % 32;
      for (int a = 0; a < KINDS; a++) {
        double row[3];
        for (int k = 0; k < 3; k++) row[k] = g[a][0] * (double)w[k] + g[a][1] * (double)w[3 + k] + g[a][2] * (double)w[6 + k];
        for (int b = 0; b < KINDS; b++)
          first[(a * KINDS + b) * s->inputs * 32] = (float)(row[0] * g[b][0] + row[1] * g[b][1] + row[2] * g[b][2]);
      }
    }
  }
}

// d[0], d[step], … to o[0], o[to], …
CK_INLINE void into_points(int stride, const lanes *d, ptrdiff_t step, lanes *o, ptrdiff_t to) {
  if (stride == 1) {
    const lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const lanes a = d4 - d2 * (B * B), b = (d3 - d1 * (B * B)) * A, c = d4 - d2 * (A * A), e = (d3 - d1 * (A * A)) * B;
    o[0] = d0 * (A * A * B * B) + (d4 - d2 * (A * A + B * B));
    o[to] = a + b;
    o[2 * to] = a - b;
    o[3 * to] = c + e;
    o[4 * to] = c - e;
    o[5 * to] = d1 * (A * A * B * B) + (d5 - d3 * (A * A + B * B));
  } else {
    const lanes e0 = d[0], e1 = d[2 * step], e2 = d[4 * step], e3 = d[6 * step], e4 = d[8 * step], f = e3 - e1;
    o[0] = f - (e2 - e0) * 2;
    o[to] = e3 - e2 - e1 * 2;
    o[2 * to] = e3 + e1 * 2 - e2 * 3;
    o[3 * to] = f;
    o[4 * to] = e4 - e2 - f * 2;
    for (int i = 0; i < 4; i++) o[(5 + i) * to] = d[(2 * i + 1) * step];
  }
}

CK_INLINE void from_points(int stride, const lanes *m, ptrdiff_t step, lanes *y) {
  if (stride == 1) {
    const lanes m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step];
    const lanes a = m1 + m2, b = m1 - m2, c = m3 + m4, d = m3 - m4;
    y[0] = m[0] + a + c;
    y[1] = b * A + d * B;
    y[2] = a * (A * A) + c * (B * B);
    y[3] = b * (A * A * A) + d * (B * B * B) + m[5 * step];
  } else {
    const lanes m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], a = m1 + m2, b = m1 - m2;
    y[0] = m[0] + a + m3 + m[5 * step];
    y[1] = b + m3 * 2 + m[6 * step];
    y[2] = a + m3 * 4 + m[7 * step];
    y[3] = b + m3 * 8 + m[4 * step] + m[8 * step];
  }
}

struct tile {
  ptrdiff_t image, row, column;
};

CK_INLINE struct tile tile_at(const struct plan *p, ptrdiff_t index) {
  const ptrdiff_t area = p->tiles[0] * p->tiles[1];
  return (struct tile){index / area, index % area / p->tiles[1], index % p->tiles[1]};
}

// One tile of one block of channels, at all points.
CK_INLINE void transform_input(int stride, const struct ck_winograd *s, const struct plan *p, const float *picture, struct tile tile,
                               float *v) {
  const int reach = stride == 1 ? 6 : 9;
  const ptrdiff_t row = 4 * stride * tile.row - s->padding[0], column = 4 * stride * tile.column - s->padding[1];
  lanes border[81], half[81];
  const lanes *d = (const lanes *)picture + row * s->input[1] + column;
  ptrdiff_t step = s->input[1];
  if (row < 0 || column < 0 || row + reach > s->input[0] || column + reach > s->input[1]) {
    for (int i = 0; i < reach; i++)
      for (int j = 0; j < reach; j++) {
        const int isInside = row + i >= 0 && row + i < s->input[0] && column + j >= 0 && column + j < s->input[1];
        border[i * reach + j] = isInside ? d[i * step + j] : (lanes){0};
      }
    d = border;
    step = reach;
  }
  for (int j = 0; j < reach; j++) into_points(stride, d + j, step, half + j, reach);
  for (int i = 0; i < reach; i++) into_points(stride, half + i * reach, 1, (lanes *)(v + i * reach * p->vPlane), p->vPlane / LANES);
}

// m = v w for `count` tiles and 32 outputs. v: [input blocks, count, 16], w: [inputs, 32], m: [2, tiles of the group, 16].
CK_INLINE void multiply(int count, ptrdiff_t inputs, const float *v, const float *w, float *m, ptrdiff_t group) {
  lanes sum[CHUNK][2];
#pragma clang loop unroll(full)
  for (int t = 0; t < count; t++) sum[t][0] = sum[t][1] = (lanes){0};
  for (ptrdiff_t first = 0; first < inputs; first += LANES, v += count * LANES) {
    const ptrdiff_t end = inputs - first < LANES ? inputs - first : LANES;
    for (ptrdiff_t i = 0; i < end; i++, w += 2 * LANES) {
      const lanes w0 = *(const lanes *)w, w1 = *(const lanes *)(w + LANES);
#pragma clang loop unroll(full)
      for (int t = 0; t < count; t++) {
        sum[t][0] += w0 * v[t * LANES + i];
        sum[t][1] += w1 * v[t * LANES + i];
      }
    }
  }
#pragma clang loop unroll(full)
  for (int t = 0; t < count; t++) {
    *(lanes *)(m + t * LANES) = sum[t][0];
    *(lanes *)(m + (group + t) * LANES) = sum[t][1];
  }
}

CK_INLINE void multiply_all(const struct ck_winograd *s, const struct plan *p, ptrdiff_t tiles, const float *v, const float *w,
                            float *m) {
  ptrdiff_t t = 0;
  for (; t + CHUNK <= tiles; t += CHUNK) multiply(CHUNK, s->inputs, v + t * p->inBlocks * LANES, w, m + t * LANES, p->group);
  for (; t + 4 < tiles; t += 8) multiply(8, s->inputs, v + t * p->inBlocks * LANES, w, m + t * LANES, p->group);
  if (t < tiles) multiply(4, s->inputs, v + t * p->inBlocks * LANES, w, m + t * LANES, p->group);
}

// How many tiles stand together with this one.
CK_INLINE ptrdiff_t chunk_of(ptrdiff_t t, ptrdiff_t tiles, ptrdiff_t *first) {
  const ptrdiff_t whole = tiles / CHUNK * CHUNK;
  *first = t < whole ? t / CHUNK * CHUNK : whole;
  if (t < whole) return CHUNK;
  if (tiles - whole <= 4) return 4;
  *first += (t - whole) / 8 * 8;
  return tiles - *first > 4 ? 8 : 4;
}

CK_INLINE void write_tile(int stride, const struct ck_winograd *s, const struct plan *p, const float *m, const float *bias,
                          struct tile tile, int adds, int rectified, float *picture) {
  const int points = stride == 1 ? 6 : 9;
  lanes half[9][4], done[4];
  for (int i = 0; i < points; i++) from_points(stride, (const lanes *)(m + i * points * p->mPlane), p->mPlane / LANES, half[i]);
  const ptrdiff_t row = 4 * tile.row, column = 4 * tile.column;
  const ptrdiff_t rows = s->output[0] - row < 4 ? s->output[0] - row : 4;
  const ptrdiff_t columns = s->output[1] - column < 4 ? s->output[1] - column : 4;
  lanes *y = (lanes *)picture + row * s->output[1] + column;
  for (int j = 0; j < columns; j++) {
    from_points(stride, &half[0][j], 4, done);
    for (int i = 0; i < rows; i++) {
      lanes value = done[i] + *(const lanes *)bias;
      lanes *target = y + i * s->output[1] + j;
      if (adds) value += *target;
      if (rectified) value = (lanes)((bits)value & ~(value < 0));
      *target = value;
    }
  }
}

CK_INLINE void convolve(int stride, const struct ck_winograd *s, const float *x, const float *packed, const float *bias, int adds,
                        int rectified, float *y, float *scratch) {
  const struct plan p = planned(s);
  const int points = stride == 1 ? 6 : 9;
  const ptrdiff_t xArea = s->input[0] * s->input[1] * LANES, yArea = s->output[0] * s->output[1] * LANES;
  float *v = scratch, *m = scratch + points * points * p.vPlane;
  for (ptrdiff_t first = 0; first < p.tileCount; first += p.group) {
    const ptrdiff_t tiles = p.tileCount - first < p.group ? p.tileCount - first : p.group;
    for (ptrdiff_t t = 0; t < tiles; t++) {
      const struct tile tile = tile_at(&p, first + t);
      ptrdiff_t chunk;
      const ptrdiff_t count = chunk_of(t, tiles, &chunk);
      for (ptrdiff_t block = 0; block < p.inBlocks; block++)
        transform_input(stride, s, &p, x + (tile.image * p.inBlocks + block) * xArea, tile,
                        v + (chunk * p.inBlocks + block * count + t - chunk) * LANES);
    }
    for (ptrdiff_t pair = 0; pair < p.outPairs; pair++) {
      const float *w = packed + pair * KINDS * KINDS * s->inputs * 2 * LANES;
      for (int i = 0; i < points; i++)
        for (int j = 0; j < points; j++) {
          const int kind = (i < 5 ? i : 5) * KINDS + (j < 5 ? j : 5), point = i * points + j;
          multiply_all(s, &p, tiles, v + point * p.vPlane, w + kind * s->inputs * 2 * LANES, m + point * p.mPlane);
        }
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const struct tile tile = tile_at(&p, first + t);
        for (int half = 0; half < 2; half++) {
          const ptrdiff_t block = 2 * pair + half;
          write_tile(stride, s, &p, m + (half * p.group + t) * LANES, bias + block * LANES, tile, adds, rectified,
                     y + (tile.image * 2 * p.outPairs + block) * yArea);
        }
      }
    }
  }
}

CK_DISPATCH void ck_winograd_f32(const struct ck_winograd *s, const float *x, const float *packed, const float *bias, int adds,
                                 int rectified, float *y, float *scratch) {
  if (s->stride == 1)
    convolve(1, s, x, packed, bias, adds, rectified, y, scratch);
  else
    convolve(2, s, x, packed, bias, adds, rectified, y, scratch);
}
