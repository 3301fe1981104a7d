/* RuleIds: the names that may stand in a mask */
#include "mask/rule-ids.h"

#include <string.h>

bool rule_is_id(const char *text)
{
        /* It stands in the masked text between brackets, so it may hold neither these nor spaces. */
        return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text) &&
               strlen(text) <= RULE_ID_MAX;
}

void rule_ids_add(RuleIds *r, const char *id)
{
        APPEND(r->ids, r->n, xstrdup(id));
}

static int compare_ids(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

void rule_ids_sort(RuleIds *r)
{
        if (r->n > 1)
                qsort(r->ids, r->n, sizeof(*r->ids), compare_ids);
}

bool rule_ids_has(const RuleIds *r, const char *id, size_t n)
{
        size_t low = 0, high = r->n;

        if (memchr(id, 0, n))
                return false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const char *other = r->ids[middle];
                int c = strncmp(other, id, n) ?: other[n];

                if (c == 0)
                        return true;
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return false;
}

void rule_ids_done(RuleIds *r)
{
        for (size_t i = 0; i < r->n; i++)
                free(r->ids[i]);
        free(r->ids);
        *r = (RuleIds){ 0 };
}
