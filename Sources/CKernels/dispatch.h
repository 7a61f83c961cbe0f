#pragma once
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CK_SANITIZED  // The choice is made before the sanitiser has started, which instruments it nevertheless.
#endif
#endif
#if defined(CK_SANITIZED)
#define CK_DISPATCH
#elif defined(__x86_64__) && defined(__linux__)
#define CK_DISPATCH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_DISPATCH
#endif
#define CK_INLINE static inline __attribute__((always_inline))
#define CK_CAT_(a, b) a##_##b
#define CK_CAT(a, b) CK_CAT_(a, b)
