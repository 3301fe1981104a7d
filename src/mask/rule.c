/* Rule: patterns compiled, made native when they first run */
#include "mask/rule.h"

#include <string.h>

#include "base/memory.h"
#include "mask/guard.h"

void pattern_done(Pattern *p)
{
        pcre2_code_free(p->code);
        free(p->text);
        *p = (Pattern){ 0 };
}

void rule_done(Rule *rule)
{
        for (size_t i = 0; i < rule->n_literals; i++)
                free(rule->literals[i]);
        for (size_t i = 0; i < rule->guards.n_refused; i++)
                pattern_done(&rule->guards.refused[i]);
        for (size_t i = 0; i < rule->n_names; i++)
                free(rule->names[i]);
        for (size_t i = 0; i < rule->n_commands; i++)
                command_done(&rule->commands[i]);
        free(rule->commands);
        free(rule->names);
        free(rule->guards.refused);
        free(rule->guards.alphabet);
        free(rule->literals);
        free(rule->id);
        free(rule->description);
        free(rule->reference);
        free(rule->text);
        free(rule->source);
        pattern_done(&rule->pattern);
        pattern_done(&rule->name);
        pattern_done(&rule->lead);
        pattern_done(&rule->open);
        *rule = (Rule){ 0 };
}

int pattern_compile(const char *text, uint32_t flags, Pattern *ret, char **reterr)
{
        /* Bytes, not characters: a view is valid UTF-8, and no rule counts what is not ASCII. */
        const uint32_t always = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
                                PCRE2_MULTILINE;
        PCRE2_SIZE offset;
        int code;

        ret->code = pcre2_compile((PCRE2_SPTR) text, PCRE2_ZERO_TERMINATED, always | flags, &code,
                                  &offset, NULL);
        if (!ret->code && code == PCRE2_ERROR_HEAP_FAILED)
                memory_is_out();
        if (!ret->code) {
                char message[160] = "";

                (void) pcre2_get_error_message(code, (PCRE2_UCHAR *) message, sizeof(message));
                format_error(reterr, "%s, at character %zu of the pattern", message, offset + 1);
                return -EINVAL;
        }
        return 0;
}

void pattern_later(char *text, uint32_t flags, Pattern *ret)
{
        *ret = (Pattern){ .text = text, .flags = flags };
}

size_t pattern_size(const Pattern *p)
{
        size_t size = 0;

        if (p->code)
                (void) pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &size);
        return size;
}

size_t rule_compiled_size(const Rule *rule)
{
        size_t size = pattern_size(&rule->pattern) + pattern_size(&rule->name);

        for (size_t i = 0; i < rule->guards.n_refused; i++)
                size += pattern_size(&rule->guards.refused[i]);
        return size;
}

const pcre2_code *pattern_ready(pthread_mutex_t *compiling, Pattern *p)
{
        if (atomic_load_explicit(&p->ready, memory_order_acquire))
                return p->code;
        (void) pthread_mutex_lock(compiling);
        if (!atomic_load_explicit(&p->ready, memory_order_relaxed)) {
                _cleanup_free_ char *reason = NULL;

                if (p->text)
                        (void) pattern_compile(p->text, p->flags, p, &reason);
                /* Without JIT (a platform that has none) the pattern is interpreted, with the same answers. */
                if (p->code)
                        (void) pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
                atomic_store_explicit(&p->ready, true, memory_order_release);
        }
        (void) pthread_mutex_unlock(compiling);
        return p->code;
}

bool rule_needs_are_met(unsigned needs, const char *secret, size_t n)
{
        unsigned classes = text_classes(secret, n);

        if (needs & NEEDS_LETTER && !(classes & (CLASS_UPPER | CLASS_LOWER)))
                return false;
        needs &= ~(unsigned) NEEDS_LETTER;
        return (needs & classes) == needs;
}

/* A command's name that is shorter is everywhere: it counts with what may follow it. */
#define NAME_LONG 6

static bool has_literal(const Rule *rule, const char *literal)
{
        for (size_t i = 0; i < rule->n_literals; i++)
                if (strcmp(rule->literals[i], literal) == 0)
                        return true;
        return false;
}

int rule_add_command(Rule *rule, const char *line, char **reterr)
{
        static const char after[] = " \t\"'.-";
        Command command;
        int r = command_parse(line, &command, reterr);
        bool is_short;

        if (r < 0)
                return r;
        is_short = strlen(command.name[0]) < NAME_LONG;
        for (const char *end = after; *end; end += is_short ? 1 : strlen(end)) {
                _cleanup_free_ char *literal = xasprintf("%s%.*s", command.name[0], is_short, end);

                if (!has_literal(rule, literal))
                        APPEND(rule->literals, rule->n_literals, TAKE_PTR(literal));
        }
        APPEND(rule->commands, rule->n_commands, command);
        return 0;
}
