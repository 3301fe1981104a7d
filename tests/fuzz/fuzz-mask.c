/*
 * Fuzz: the masker
 *
 * Output is valid UTF-8; JSON in gives JSON out, with as many strings and numbers; masking again changes nothing; findings
 * are in order and within the text; both matchers say the same.
 */
#include "fuzz.h"
#include "mask/json.h"
#include "mask/masker.h"
#include "mask/utf8.h"

static Ruleset *load(LiteralMatcher matcher)
{
        const char *folders[] = { getenv("SCRUBJAY_MASK_RULESDIR") ?: TEST_RULES_DIR, NULL };
        RulesetOptions options = { .folders = folders, .matcher = matcher };
        char *error = NULL;
        Ruleset *rules = NULL;

        if (ruleset_load(&options, &rules, &error) < 0 && error)
                fprintf(stderr, "%s\n", error);
        free(error);
        return rules;
}

static Masker *new_masker(LiteralMatcher matcher)
{
        static const HashKey key = { "fuzz" };
        Ruleset *rules = load(matcher);
        Masker *m = NULL;

        if (!rules)
                return NULL;
        m = masker_new(rules, &key);
        (void) ruleset_unref(rules);
        return m;
}

static size_t count_tokens(const char *text, size_t size)
{
        size_t at = 0, n = 0;
        JsonLexer lexer = json_lexer_document();
        JsonToken token;

        while (json_lexer_next(&lexer, text, size, size, &at, &token) > 0)
                n++;
        return n;
}

static void check_findings(const Masked *masked, size_t size)
{
        size_t at = 0;

        for (size_t i = 0; i < masked->n_findings; i++) {
                MUST(masked->findings[i].start >= at);
                MUST(masked->findings[i].end > masked->findings[i].start);
                MUST(masked->findings[i].end <= size);
                at = masked->findings[i].end;
        }
}

static void check_same(const Masked *a, const Masked *b)
{
        MUST(a->size == b->size && (a->size == 0 || memcmp(a->text, b->text, a->size) == 0));
        MUST(a->n_findings == b->n_findings);
        for (size_t i = 0; i < a->n_findings; i++)
                MUST(a->findings[i].start == b->findings[i].start &&
                     a->findings[i].end == b->findings[i].end &&
                     strcmp(a->findings[i].rule, b->findings[i].rule) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static Masker *first, *second, *other;
        MaskFormat format;
        Masked masked, again;
        const char *text;

        if (!first) {
                first = new_masker(LITERALS_OWN);
                second = new_masker(LITERALS_BEST);
                other = new_masker(LITERALS_VECTORSCAN);
                MUST(first && second);
        }
        if (size == 0)
                return 0;
        /* The first byte chooses the format. */
        format = data[0] & 1 ? MASK_JSON : MASK_TEXT;
        text = (const char *) data + 1;
        size--;
        masker_forget(first);
        MUST(masker_mask(first, format, text, size, &masked) == 0);
        MUST(utf8_valid_length(masked.text, masked.size) == masked.size);
        check_findings(&masked, size);
        if (format == MASK_JSON && json_is_valid(text, size) &&
            utf8_valid_length(text, size) == size) {
                MUST(json_is_valid(masked.text, masked.size));
                MUST(count_tokens(masked.text, masked.size) == count_tokens(text, size));
        }
        if (other) {
                masker_forget(other);
                MUST(masker_mask(other, format, text, size, &again) == 0);
                check_same(&masked, &again);
        }
        masker_forget(second);
        MUST(masker_mask(second, format, masked.text, masked.size, &again) == 0);
        MUST(again.size == masked.size &&
             (again.size == 0 || memcmp(again.text, masked.text, again.size) == 0));
        MUST(again.n_findings == 0);
        return 0;
}
