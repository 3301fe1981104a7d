/* Project globs: which sessions a setting like Exclude= means */
#include "model/project-glob.h"

#include <fnmatch.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/session.h"

static bool glob_matches(const char *glob, const char *text)
{
        _cleanup_free_ char *full = NULL;
        const char *home = getenv("HOME");

        if (fnmatch(glob, text, 0) == 0)
                return true; /* "~/x" as well, where the home folder is masked */
        if (glob[0] != '~' || glob[1] != '/' || !home)
                return false;
        if (asprintf(&full, "%s%s", home, glob + 1) < 0) {
                full = NULL;
                return true;
        }
        return fnmatch(full, text, 0) == 0;
}

static bool any_matches(const char *const *globs, const Value *v)
{
        _cleanup_free_ char *text = NULL;

        if (!globs || !globs[0] || v->type != VALUE_TEXT || v->size == 0)
                return false;
        text = strndup(v->text, v->size);
        if (!text)
                return true;
        for (; *globs; globs++)
                if (glob_matches(*globs, text))
                        return true;
        return false;
}

bool project_glob_matches(const char *const *globs, const Value *values)
{
        static const int columns[] = { SESSION_PROJECT, SESSION_PROJECT_NAME, SESSION_PROJECT_ID,
                                       SESSION_CWD };

        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                if (any_matches(globs, values + columns[i]))
                        return true;
        return false;
}
