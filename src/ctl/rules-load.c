/* The rules that are in force, for the commands that mask */
#include "ctl/rules-load.h"

#include <string.h>

#include "base/file-util.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/places.h"
#include "service/config.h"

int rules_load_active(Ruleset **ret)
{
        SettingsOptions where = { .config = places.config };
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        _cleanup_free_ char *error = NULL;
        RulesetOptions options = { 0 };
        int r;

        r = settings_load(&where, &settings, &error);
        if (r < 0) {
                print_error(_("The settings cannot be used: %s"), error ?: strerror(-r));
                return r;
        }
        options.folders = (const char *const *) settings->rules_folders;
        options.disable = (const char *const *) settings->rules_disable;
        options.caution = settings->caution;
        r = ruleset_load(&options, ret, &error);
        if (r < 0)
                print_error(_("The rules cannot be used: %s"), error ?: strerror(-r));
        for (char **id = settings->rules_disable; r >= 0 && id && *id; id++)
                if (ruleset_heir(*ret, *id))
                        print_error(_("[Mask] Disable=%s disables nothing: this rule is retired, and '%s' finds what it found. Disable "
                                      "that one, or take the line out."),
                                    *id, ruleset_heir(*ret, *id));
        return r;
}

/* The archive's key, if there is one; it is never made here. */
static void read_key(HashKey *key)
{
        _cleanup_free_ char *archive = NULL, *folder = NULL, *path = NULL;

        if (places_archive(&archive) < 0)
                return;
        folder = path_folder(archive);
        path = folder ? path_join(folder, "fingerprint.key") : NULL;
        if (path && access(path, R_OK) == 0)
                (void) key_file_load(path, key);
}

int rules_new_masker(Ruleset *rules, Masker **ret)
{
        HashKey key = { 0 };
        int r;

        read_key(&key);
        r = masker_new(rules, &key, ret);
        if (r < 0)
                print_error(_("There is not enough memory."));
        return r;
}
