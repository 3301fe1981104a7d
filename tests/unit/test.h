/*
 * What every unit test uses
 *
 * A test program is a list of TEST(name) functions, which the main() below runs in the order of the file. CHECK() prints what
 * failed and where, lets the rest run, and makes the program exit 1.
 */
#pragma once

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static unsigned test_n_failed;

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, \
                                #condition);                                                       \
                        test_n_failed++;                                                           \
                }                                                                                  \
        } while (0)

#define CHECK_INT(got, expected)                                                                \
        do {                                                                                    \
                int64_t got_ = (int64_t) (got), expected_ = (int64_t) (expected);               \
                if (got_ != expected_) {                                                        \
                        fprintf(stderr, "%s:%d: %s: %s is %" PRId64 ", expected %" PRId64 "\n", \
                                __FILE__, __LINE__, __func__, #got, got_, expected_);           \
                        test_n_failed++;                                                        \
                }                                                                               \
        } while (0)

#define CHECK_STR(got, expected)                                                            \
        do {                                                                                \
                const char *got_ = (got), *expected_ = (expected);                          \
                if (!got_ || strcmp(got_, expected_) != 0) {                                \
                        fprintf(stderr, "%s:%d: %s: %s is '%s', expected '%s'\n", __FILE__, \
                                __LINE__, __func__, #got, got_ ?: "(null)", expected_);     \
                        test_n_failed++;                                                    \
                }                                                                           \
        } while (0)

/* For what the rest of the test depends on. */
#define REQUIRE(condition)                                                                         \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: %s: required: %s\n", __FILE__, __LINE__, __func__, \
                                #condition);                                                       \
                        exit(1);                                                                   \
                }                                                                                  \
        } while (0)

typedef struct TestCase {
        const char *name;
        void (*run)(void);
} TestCase;

static TestCase test_cases[256];
static size_t test_n_cases;

#define TEST(function)                                                          \
        static void function(void);                                             \
        __attribute__((constructor)) static void register_##function(void)      \
        {                                                                       \
                REQUIRE(test_n_cases < ELEMENTSOF(test_cases));                 \
                test_cases[test_n_cases++] = (TestCase){ #function, function }; \
        }                                                                       \
        static void function(void)

/* One line for each case on stdout, in the form of the Test Anything Protocol. With an argument, only the case of that name
 * runs. */
int main(int argc, char *argv[])
{
        unsigned n_run = 0, n_bad = 0;

        printf("1..%zu\n", argc > 1 ? (size_t) 1 : test_n_cases);
        for (size_t i = 0; i < test_n_cases; i++) {
                unsigned before = test_n_failed;

                if (argc > 1 && strcmp(argv[1], test_cases[i].name) != 0)
                        continue;
                test_cases[i].run();
                if (test_n_failed > before)
                        n_bad++;
                printf("%sok %u - %s\n", test_n_failed > before ? "not " : "", ++n_run,
                       test_cases[i].name);
                fflush(stdout);
        }
        return n_bad > 0 ? 1 : 0;
}
