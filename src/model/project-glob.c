/* Project globs: which sessions a setting like Exclude= means */
#include "model/project-glob.h"

#include <fnmatch.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/session.h"

/* "~/x" means what is below @home, as it is or, if the home folder is masked, as "~"; "~" is the folder itself. */
static bool glob_matches(const char *glob, const char *home, const char *text)
{
        size_t n = strlen(home);

        if (fnmatch(glob, text, 0) == 0)
                return true;
        return glob[0] == '~' && strncmp(text, home, n) == 0 && fnmatch(glob + 1, text + n, 0) == 0;
}

static bool any_matches(const char *const *globs, const char *home, const Value *v)
{
        _cleanup_free_ char *text = NULL;

        if (!globs || !globs[0] || v->type != VALUE_TEXT || v->size == 0)
                return false;
        text = strndup(v->text, v->size); /* as long as somebody made it: not a small text */
        if (!text)
                return true;
        for (; *globs; globs++)
                if (glob_matches(*globs, home, text))
                        return true;
        return false;
}

bool project_glob_matches(const char *const *globs, const char *home, const Value *values)
{
        static const int columns[] = { SESSION_PROJECT, SESSION_PROJECT_NAME, SESSION_PROJECT_ID,
                                       SESSION_CWD };

        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                if (any_matches(globs, home ?: "~", values + columns[i]))
                        return true;
        return false;
}
