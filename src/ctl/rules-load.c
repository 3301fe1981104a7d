/* The rules that are in force, for the commands that mask */
#include "ctl/rules-load.h"

#include <string.h>

#include "archive/archive-key.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/places.h"

int rules_load_active(Ruleset **ret)
{
        _cleanup_free_ char *error = NULL;
        const Settings *settings = NULL;
        RulesetOptions options = { 0 };
        int r;

        r = places_settings(&settings);
        if (r < 0)
                return r;
        options.folders = (const char *const *) settings->rules_folders;
        options.disable = (const char *const *) settings->rules_disable;
        options.caution = settings->caution;
        options.cache = settings->cache;
        r = ruleset_load(&options, ret, &error);
        if (r < 0)
                print_error(_("The rules cannot be used: %s"), error ?: strerror(-r));
        for (char **id = settings->rules_disable; r >= 0 && id && *id; id++)
                if (ruleset_heir(*ret, *id))
                        print_error(_("[Mask] Disable=%s disables nothing: this rule was retired, "
                                      "and '%s' replaces it. Disable that rule, or remove the line."),
                                    *id, ruleset_heir(*ret, *id));
        return r;
}

/* The archive's key, if there is one. */
static void read_key(HashKey *key)
{
        _cleanup_free_ char *archive = NULL;

        if (places_archive(&archive) >= 0)
                (void) archive_read_key(archive, key);
}

/* What [Mask] KnownFiles= names; what of it cannot be read is said. */
static int load_known_values(const HashKey *key, KnownValues **ret)
{
        const Settings *settings = NULL;
        int r = places_settings(&settings);

        if (r < 0 || !settings->known_files)
                return r;
        *ret = known_values_load((const char *const *) settings->known_files, key);
        for (size_t i = 0; i < known_values_n_files(*ret); i++) {
                const KnownFile *f = known_values_file(*ret, i);

                if (f->error < 0 && f->error != -ENOENT)
                        print_error(_("The file '%s' of [Mask] KnownFiles= cannot be read: %s."),
                                    f->path, known_file_reason(f));
        }
        return 0;
}

int rules_new_masker(Ruleset *rules, Masker **ret)
{
        _cleanup_(known_values_unrefp) KnownValues *known = NULL;
        HashKey key = { 0 };
        int r;

        read_key(&key);
        r = load_known_values(&key, &known);
        if (r < 0)
                return r;
        *ret = masker_new(rules, &key);
        masker_set_known_values(*ret, known);
        return 0;
}
