/* scrubjayctl: text for people, and moments as they name them */
#include "base/time-util.h"
#include "ctl/moment.h"
#include "ctl/text.h"
#include "test.h"

#include <locale.h>
#include <time.h>

static const char *shown(PrintableMode mode, const char *text, size_t size)
{
        static char result[256];
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        CHECK_INT(put_printable(&b, mode, text, size), 0);
        (void) snprintf(result, sizeof(result), "%s", b.data ?: "");
        return result;
}

#define SHOWN(mode, text) shown(mode, text, sizeof(text) - 1)

TEST(terminal_controls_are_shown_as_symbols)
{
        CHECK_STR(SHOWN(PRINTABLE_LINE, "plain, gruen, \xe5\xad\x97"),
                  "plain, gruen, \xe5\xad\x97");
        CHECK_STR(SHOWN(PRINTABLE_LINE, "a\x1b[31m\x07"), "a␛[31m␇");
        CHECK_STR(SHOWN(PRINTABLE_LINE, "a\0b"), "a␀b");
        CHECK_STR(SHOWN(PRINTABLE_LINE, "a\x7f"), "a␡");
        CHECK_STR(SHOWN(PRINTABLE_LINE, "\xc2\x9b"
                                        "31m"),
                  "\xef\xbf\xbd"
                  "31m"); /* CSI */
        CHECK_STR(SHOWN(PRINTABLE_LINE, "\xe2\x80\xae"
                                        "x\xe2\x81\xa6"),
                  "\xef\xbf\xbdx\xef\xbf\xbd"); /* overrides */
        CHECK_STR(SHOWN(PRINTABLE_LINE, "a\nb\tc\r\nd\re"), "a b c d␍e");
        CHECK_STR(SHOWN(PRINTABLE_TEXT, "a\nb\tc\r\nd"), "a\nb\tc\nd");
}

TEST(broken_utf8_becomes_the_replacement_character)
{
        CHECK_STR(SHOWN(PRINTABLE_LINE, "a\xff"
                                        "b"),
                  "a\xef\xbf\xbd"
                  "b");
        CHECK_STR(SHOWN(PRINTABLE_LINE, "\xe5\xad"), "\xef\xbf\xbd\xef\xbf\xbd"); /* cut off */
        CHECK_STR(SHOWN(PRINTABLE_LINE, "\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd"); /* overlong */
        CHECK_STR(SHOWN(PRINTABLE_LINE, "\xed\xa0\x80"), "\xef\xbf\xbd");         /* surrogate */
        CHECK_STR(SHOWN(PRINTABLE_LINE, "\xe5"
                                        "a"),
                  "\xef\xbf\xbd"
                  "a");
}

TEST(widths_count_columns)
{
        _cleanup_free_ char *whole = NULL, *cut = NULL, *wide = NULL;

        REQUIRE(setlocale(LC_ALL, "C.UTF-8"));
        CHECK_INT(text_width("abc"), 3);
        CHECK_INT(text_width("\xe5\xad\x97\xe6\xae\xb5"), 4);
        CHECK_STR((whole = text_cut("abcdef", 6)), "abcdef");
        CHECK_STR((cut = text_cut("abcdef", 5)), "abcd…");
        CHECK_STR((wide = text_cut("\xe5\xad\x97\xe6\xae\xb5\xe5\xad\x97", 4)), "\xe5\xad\x97…");
}

static const char *put(int (*function)(StrBuf *b, uint64_t n), uint64_t n)
{
        static char result[64];
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        CHECK_INT(function(&b, n), 0);
        (void) snprintf(result, sizeof(result), "%s", b.data);
        return result;
}

TEST(sizes_are_formatted_for_people)
{
        CHECK_STR(put(put_size, 0), "0 B");
        CHECK_STR(put(put_size, 999), "999 B");
        CHECK_STR(put(put_size, 1234), "1.2 kB");
        CHECK_STR(put(put_size, 999999), "1.0 MB");
        CHECK_STR(put(put_size, 32 * 1000 * 1000), "32 MB");
        CHECK_STR(put(put_size, UINT64_MAX), "18447 PB");
}

TEST(typing_errors_are_counted)
{
        CHECK_INT(typing_errors("status", "status"), 0);
        CHECK_INT(typing_errors("statsu", "status"), 1);
        CHECK_INT(typing_errors("session", "sessions"), 1);
        CHECK_INT(typing_errors("serxh", "search"), 2);
        CHECK_INT(typing_errors("", "mask"), 4);
        CHECK_INT(typing_errors("mask", ""), 4);
        CHECK(typing_errors("0123456789012345678901234567890", "mask") < SIZE_MAX);
        CHECK(typing_errors("01234567890123456789012345678901", "mask") == SIZE_MAX);
}

TEST(ages_are_formatted_for_people)
{
        static const struct {
                uint64_t ago;
                const char *text;
        } cases[] = {
                { 0, "just now" },
                { 30 * USEC_PER_SEC, "30 seconds ago" },
                { 61 * USEC_PER_SEC, "1 minute ago" },
                { 3 * USEC_PER_HOUR, "3 hours ago" },
                { 25 * USEC_PER_HOUR, "1 day ago" },
        };
        uint64_t now = 1800000000 * USEC_PER_SEC;
        _cleanup_(strbuf_done) StrBuf never = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(strbuf_done) StrBuf b = { 0 };

                CHECK_INT(put_ago(&b, now - cases[i].ago, now), 0);
                CHECK_STR(b.data, cases[i].text);
        }
        CHECK_INT(put_ago(&never, 0, now), 0);
        CHECK_STR(never.data, "never");
}

TEST(moments_are_understood)
{
        static const struct {
                const char *text,
                                *means; /* at 2026-11-23 12:00, two hours east of Greenwich; NULL: not a moment */
        } cases[] = {
                { "today", "2026-11-22T22:00:00.000Z" },
                { "yesterday", "2026-11-21T22:00:00.000Z" },
                { "2026-01-31", "2026-01-30T22:00:00.000Z" },
                { "2026-01-31 14:30", "2026-01-31T12:30:00.000Z" },
                { "2026-01-31T14:30:05", "2026-01-31T12:30:05.000Z" },
                { "2026-01-31T14:30:05Z", "2026-01-31T14:30:05.000Z" },
                { "3d", "2026-11-20T10:00:00.000Z" },
                { "2 weeks", "2026-11-09T10:00:00.000Z" },
                { "90min", "2026-11-23T08:30:00.000Z" },
                { "3", NULL },
                { "", NULL },
                { "tomorrowish", NULL },
                { "2026-13-01", NULL },
        };
        uint64_t now = 0;

        (void) setenv("TZ", "EET-2", 1);
        tzset();
        REQUIRE(parse_timestamp("2026-11-23T10:00:00Z", &now) == 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[TIMESTAMP_MAX];
                uint64_t usec = 0;
                int r = parse_moment(cases[i].text, now, &usec);

                CHECK_INT(r, cases[i].means ? 0 : -EINVAL);
                if (r == 0 && cases[i].means)
                        CHECK_STR(format_timestamp(text, usec), cases[i].means);
        }
}
