/* Findings as SARIF 2.1.0, for tools that collect the results of scanners */
#include "ctl/sarif.h"

#include <inttypes.h>

#include "config.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"

static int on_rule(void *userdata, const RuleFindings *rule)
{
        struct json_object *o = json_new(), *text = json_new();

        json_add_text(text, "text", rule->rule);
        json_add_text(o, "id", rule->rule);
        json_add(o, "shortDescription", text);
        json_append(userdata, o);
        return 0;
}

/* Where it is: no file on a disk, so the session is a URI of our own and the field a logical location within. */
static struct json_object *location(const FindingRow *f)
{
        struct json_object *o = json_new(), *physical = json_new(), *artifact = json_new(),
                           *logical = json_new(), *list = json_new_array();
        _cleanup_free_ char *uri = NULL, *name = NULL;

        uri = xasprintf("scrubjay:session/%s", f->session_id);
        name = f->ordinal >= 0 ? xasprintf("%s/%" PRId64 "/%s", f->session_id, f->ordinal, f->field)
                               : xasprintf("%s/%s", f->session_id, f->field);
        json_add_text(artifact, "uri", uri);
        json_add(physical, "artifactLocation", artifact);
        json_add(o, "physicalLocation", physical);
        json_add_text(logical, "fullyQualifiedName", name);
        json_append(list, logical);
        json_add(o, "logicalLocations", list);
        return o;
}

/* Somebody has acknowledged it. */
static struct json_object *suppressions(const char *note)
{
        struct json_object *list = json_new_array(), *o = json_new();

        json_add_text(o, "kind", "external");
        json_add_text(o, "status", "accepted");
        if (*note)
                json_add_text(o, "justification", note);
        json_append(list, o);
        return list;
}

static int on_finding(void *userdata, const FindingRow *f)
{
        struct json_object *o = json_new(), *message = json_new(), *prints = json_new(),
                           *locations = json_new_array(), *properties = json_new();
        bool *is_first = userdata;

        json_add_text(o, "ruleId", f->rule);
        json_add_text(o, "level", "error");
        json_add_text(message, "text",
                      _("A secret was here. It is masked in the archive; rotate it."));
        json_add(o, "message", message);
        json_append(locations, location(f));
        json_add(o, "locations", locations);
        json_add_fingerprint(prints, "scrubjayKeyed/v1", f->fingerprint);
        json_add(o, "partialFingerprints", prints);
        json_add_text(properties, "project", f->project);
        json_add_text(properties, "seenAt", f->seen_at);
        json_add(o, "properties", properties);
        if (*f->acknowledged_at)
                json_add(o, "suppressions", suppressions(f->note));
        if (!*is_first)
                puts(",");
        *is_first = false;
        return json_print_part(stdout, o, 0);
}

int sarif_print(Query *q, const FindingFilter *filter)
{
        struct json_object *driver = json_new(), *rules = json_new_array();
        bool is_first = true;
        int r;

        json_add_text(driver, "name", "scrubjay");
        json_add_text(driver, "version", SCRUBJAY_VERSION);
        json_add(driver, "rules", rules);
        r = query_rules(q, on_rule, rules);
        if (r < 0) {
                (void) json_object_put(driver);
                return r;
        }
        fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
              "\"runs\":[{\"tool\":{\"driver\":",
              stdout);
        r = json_print_part(stdout, driver, 0);
        fputs("},\"results\":[\n", stdout);
        if (r >= 0)
                r = query_findings(q, filter, on_finding, &is_first);
        puts("]}]}");
        return r;
}
