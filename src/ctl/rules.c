/*
 * scrubjayctl rules: which rules are in force, and try rules
 */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "ctl/command.h"
#include "ctl/explain.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/listing.h"
#include "ctl/options.h"
#include "ctl/rules-load.h"
#include "ctl/text.h"
#include "mask/rule-check.h"
#include "mask/view.h"

#define FILE_MAX_BYTES (256U << 20)

static int list_json(const Ruleset *rules)
{
        JsonArray array = { 0 };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ruleset_n_rules(rules); i++) {
                struct json_object *o = json_new();
                RuleInfo info;

                (void) ruleset_rule(rules, i, &info);
                json_add_text(o, "id", info.id);
                json_add_text(o, "description", info.description);
                json_add_text(o, "reference", info.reference);
                r = json_array_print(&array, o);
        }
        json_array_end(&array);
        return r;
}

static int list_rules(const Ruleset *rules, bool json)
{
        const ListingColumn headers[] = { { _("RULE"), 0 },
                                          { _("WHAT IT FINDS"), .leave_out = 1 } };
        _cleanup_(listing_freep) Listing *l = NULL;

        if (json)
                return list_json(rules);
        l = listing_new(headers, ELEMENTSOF(headers));
        pager_open();
        for (size_t i = 0; i < ruleset_n_rules(rules); i++) {
                RuleInfo info;

                (void) ruleset_rule(rules, i, &info);
                listing_take(l, STYLE_ACCENT, printable(info.id));
                listing_take(l, STYLE_NONE, printable(info.description));
        }
        listing_print(l);
        return 0;
}

static int show_rule(const Ruleset *rules, const char *id)
{
        for (size_t i = 0; i < ruleset_n_rules(rules); i++) {
                struct json_object *o;
                RuleInfo info;

                (void) ruleset_rule(rules, i, &info);
                if (strcmp(info.id, id) != 0)
                        continue;
                o = json_tokener_parse(info.json);
                return o && json_print(o) >= 0 ? STATUS_DONE : STATUS_FAILED;
        }
        if (ruleset_heir(rules, id)) {
                print_error(_("The rule '%s' was retired, and '%s' replaces it."), id,
                            ruleset_heir(rules, id));
                return STATUS_FAILED;
        }
        if (strcmp(id, KNOWN_VALUE) == 0)
                print_error(_("'%s' is not a rule: it stands in place of a value from [Mask] KnownFiles=."),
                            id);
        else if (strcmp(id, UNSCANNABLE) == 0)
                print_error(_("'%s' is not a rule: it stands in place of a text that could not be "
                              "searched within the limits."),
                            id);
        else
                print_error(_("There is no rule '%s'. 'scrubjayctl rules list' names them all."),
                            id);
        return STATUS_FAILED;
}

static void on_problem(void *userdata, const char *problem)
{
        puts(problem);
}

/* The examples of a rules file. */
static int test_rules(const char *path)
{
        const char *files[] = { path, NULL };
        RulesetOptions options = { .folders = files };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_free_ char *error = NULL;
        RuleCheck n = { 0 };

        if (ruleset_load(&options, &rules, &error) < 0 ||
            rule_check_file(rules, path, on_problem, NULL, &n, &error) < 0) {
                print_error("%s", error ?: strerror(ENOMEM));
                return STATUS_FAILED;
        }
        printf(P_("%zu rule, ", "%zu rules, ", n.n_rules), n.n_rules);
        printf(P_("%zu example ", "%zu examples ", n.n_examples), n.n_examples);
        printf(P_("in %zu wrapping of session text: ", "in %zu wrappings of session text: ",
                  n.n_cases),
               n.n_cases);
        printf(P_("%zu failed.\n", "%zu failed.\n", n.n_failed), n.n_failed);
        if (n.n_untried > 0)
                printf(P_("%zu rule lacks a positive or a negative example.\n",
                          "%zu rules lack a positive or a negative example.\n", n.n_untried),
                       n.n_untried);
        return n.n_failed > 0 ? STATUS_FAILED : STATUS_DONE;
}

/* What the rules in force would mask in a text: line and rule. */
static int test_text(const char *path, const char *text, size_t size)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        size_t line = 1, at = 0;
        Masked masked;

        if (rules_load_active(&rules) < 0 || rules_new_masker(rules, &m) < 0 ||
            masker_mask(m, MASK_JSON, text, size, &masked) < 0)
                return STATUS_FAILED;
        for (size_t i = 0; i < masked.n_findings; i++) {
                for (; at < masked.findings[i].start; at++)
                        line += text[at] == '\n';
                printf("%s:%zu: %s\n", path, line, masked.findings[i].rule);
        }
        printf(P_("%zu secret would be masked.\n", "%zu secrets would be masked.\n",
                  masked.n_findings),
               masked.n_findings);
        return STATUS_DONE;
}

static bool has_rules(const char *text)
{
        _cleanup_(json_object_putp) struct json_object *o = json_tokener_parse(text);

        return json_object_is_type(o, json_type_array) ||
               (json_object_is_type(o, json_type_object) &&
                (json_object_object_get(o, "rules") || json_object_object_get(o, "allow")));
}

static int read_file(const char *path, char **ret, size_t *ret_size)
{
        int r = file_read(path, FILE_MAX_BYTES, ret, ret_size);

        if (r < 0)
                print_error(_("'%s' cannot be read: %s."), path, strerror(-r));
        return r;
}

static int test_file(const char *path)
{
        _cleanup_free_ char *text = NULL;
        size_t size;

        if (read_file(path, &text, &size) < 0)
                return STATUS_FAILED;
        return has_rules(text) ? test_rules(path) : test_text(path, text, size);
}

/* What is masked in a file, or in standard input, and why. */
static int explain_file(const char *path, const ExplainOptions *options)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        _cleanup_(strbuf_wipe) StrBuf text = { 0 };
        int r;

        if (path && strcmp(path, "-") != 0) {
                text.failed = read_file(path, &text.data, &text.size) < 0;
                text.allocated = text.size;
        } else if (strbuf_read(&text, stdin) < 0) {
                text.failed = true;
        }
        if (text.failed || rules_load_active(&rules) < 0 || rules_new_masker(rules, &m) < 0)
                return STATUS_FAILED;
        r = explain_text(rules, m, text.data ?: "", text.size, options);
        return r < 0 ? STATUS_FAILED : STATUS_DONE;
}

int command_rules(int argc, char *argv[])
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        bool json = false, values = false;
        const Option options[] = {
                { "json", NULL, N_("list, explain: print a JSON array"), OPTION_FLAG, &json },
                { "values", NULL, N_("explain: also print the values, including secrets"),
                  OPTION_FLAG, &values },
        };
        const Usage usage = {
                .arguments = N_("list | show RULE | test FILE | explain [FILE]"),
                .summary = N_("Lists the rules in force, tests a rules file's examples or a text, "
                              "or explains how a text is judged (standard input without FILE)."),
                .example = "scrubjayctl rules test ~/.config/scrubjay/rules/team.json",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 0,
                .max_arguments = 2,
        };
        const char *verb, *argument;
        int first = options_parse(&usage, argc, argv);

        verb = first < argc ? argv[first] : "list";
        argument = first + 1 < argc ? argv[first + 1] : NULL;
        if (values && strcmp(verb, "explain") != 0)
                return options_need("--values", "explain"), STATUS_USAGE;
        if (json && strcmp(verb, "test") == 0)
                return options_clash("--json", "test"), STATUS_USAGE;
        if (strcmp(verb, "test") == 0 && argument)
                return test_file(argument);
        if (strcmp(verb, "explain") == 0)
                return explain_file(argument, &(ExplainOptions){ json, values });
        if (!(strcmp(verb, "list") == 0 && !argument) && !(strcmp(verb, "show") == 0 && argument)) {
                print_error(_("Use 'rules list', 'rules show RULE', 'rules test FILE' or 'rules "
                              "explain FILE'."));
                return STATUS_USAGE;
        }
        if (rules_load_active(&rules) < 0)
                return STATUS_FAILED;
        if (argument)
                return show_rule(rules, argument);
        return list_rules(rules, json) < 0 ? STATUS_FAILED : STATUS_DONE;
}
