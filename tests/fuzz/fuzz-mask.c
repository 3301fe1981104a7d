/*
 * Fuzz: the masker
 *
 * Output is valid UTF-8; JSON in gives JSON out, with as many strings and numbers; masking again changes nothing; findings
 * are in order and within the text.
 */
#include "fuzz.h"
#include "mask/json.h"
#include "mask/masker.h"
#include "mask/utf8.h"

static Ruleset *load(void)
{
        const char *folders[] = { getenv("SCRUBJAY_MASK_RULESDIR") ?: TEST_RULES_DIR, NULL };
        RulesetOptions options = { .folders = folders };
        char *error = NULL;
        Ruleset *rules = NULL;

        if (ruleset_load(&options, &rules, &error) < 0 && error)
                fprintf(stderr, "%s\n", error);
        free(error);
        return rules;
}

static Masker *new_masker(void)
{
        static const HashKey key = { "fuzz" };
        Ruleset *rules = load();
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static Masker *first, *second;
        MaskFormat format;
        Masked masked, again;
        const char *text;

        if (!first) {
                first = new_masker();
                second = new_masker();
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
        masker_forget(second);
        MUST(masker_mask(second, format, masked.text, masked.size, &again) == 0);
        MUST(again.size == masked.size &&
             (again.size == 0 || memcmp(again.text, masked.text, again.size) == 0));
        MUST(again.n_findings == 0);
        return 0;
}
