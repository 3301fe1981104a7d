/* Sandbox: which of the service's protections are in effect, seen from outside */
#include "ctl/sandbox.h"

#include <string.h>

#include "base/file-util.h"
#include "ctl/i18n.h"

/* The field @key ("\nName:") of /proc/PID/status as a number in @base; @otherwise if it is not there. */
static uint64_t status_number(const char *status, const char *key, int base, uint64_t otherwise)
{
        const char *p = strstr(status, key);

        return p ? strtoull(p + strlen(key), NULL, base) : otherwise;
}

/* Does process @pid share namespace @name with us? Returns 1, 0 or a negative errno. */
static int shares_namespace(pid_t pid, const char *name)
{
        char path[64], theirs[64] = "", ours[64] = "";

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid, name);
        /* The daemon keeps others from looking into it; only in a user namespace that is ours we may. */
        if (readlink(path, theirs, sizeof(theirs) - 1) < 0)
                return errno == EACCES ? 1 : -errno;
        (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
        if (readlink(path, ours, sizeof(ours) - 1) < 0)
                return -errno;
        return strcmp(theirs, ours) == 0;
}

int sandbox_missing(pid_t pid)
{
        _cleanup_free_ char *status = NULL;
        int files, network, r, missing = 0;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/status", (int) pid);
        r = file_read(path, 1 << 20, &status, NULL);
        if (r < 0)
                return r;
        files = shares_namespace(pid, "mnt");
        network = shares_namespace(pid, "net");
        if (files < 0 || network < 0)
                return files < 0 ? files : network;
        if (files > 0)
                missing |= SANDBOX_FILES;
        if (network > 0)
                missing |= SANDBOX_NETWORK;
        if (status_number(status, "\nCapBnd:", 16, UINT64_MAX) != 0)
                missing |= SANDBOX_CAPABILITIES;
        if (status_number(status, "\nNoNewPrivs:", 10, 0) != 1 ||
            status_number(status, "\nSeccomp:", 10, 0) != 2)
                missing |= SANDBOX_SYSTEM_CALLS;
        return missing;
}

SandboxRefusal sandbox_refusal(const char *runtime_folder, char **ret)
{
        static const char machine[] = "# machine: ", mistake[] = "# mistake: ";
        _cleanup_free_ char *path = NULL, *text = NULL;
        SandboxRefusal refusal = SANDBOX_NOT_REFUSED;

        *ret = NULL;
        path = path_join(runtime_folder,
                         "systemd/user/scrubjay.service.d/zz-no-user-namespaces.conf");
        if (file_read(path, 64 * 1024, &text, NULL) < 0)
                return SANDBOX_NOT_REFUSED;
        if (strncmp(text, machine, strlen(machine)) == 0)
                refusal = SANDBOX_REFUSED_BY_MACHINE;
        else if (strncmp(text, mistake, strlen(mistake)) == 0)
                refusal = SANDBOX_REFUSED_BY_MISTAKE;
        else
                return SANDBOX_NOT_REFUSED;
        /* both beginnings are of one length */
        *ret = xstrndup(text + strlen(machine), strcspn(text + strlen(machine), "\n"));
        return refusal;
}

/* Does the kernel setting in file @path begin with @value? */
static bool setting_is(const char *path, const char *value)
{
        _cleanup_free_ char *text = NULL;

        return file_read(path, 4096, &text, NULL) >= 0 && strcspn(text, "\n") == strlen(value) &&
               strncmp(text, value, strlen(value)) == 0;
}

const char *sandbox_advice(void)
{
        if (setting_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
                return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; "
                       "systemctl --user restart scrubjay";
        if (setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
                return "sudo sysctl kernel.unprivileged_userns_clone=1; "
                       "systemctl --user restart scrubjay";
        if (setting_is("/proc/sys/user/max_user_namespaces", "0"))
                return "sudo sysctl user.max_user_namespaces=10000; "
                       "systemctl --user restart scrubjay";
        return _("Find out what turns it off: 'systemctl --user cat scrubjay' shows drop-ins, and "
                 "'journalctl --user -u scrubjay-sandbox' says whether this system forbids user "
                 "namespaces.");
}
