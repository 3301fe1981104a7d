/* Findings as SARIF 2.1.0, for tools that collect the results of scanners */
#include "ctl/sarif.h"

#include <inttypes.h>

#include "config.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"

static int on_rule(void *userdata, const RuleFindings *rule)
{
        struct json_object *o = json_object_new_object(), *text = json_object_new_object();

        json_add_text(text, "text", rule->rule);
        json_add_text(o, "id", rule->rule);
        (void) json_object_object_add(o, "shortDescription", text);
        return json_object_array_add(userdata, o) < 0 ? -ENOMEM : 0;
}

/* Where it is: no file on a disk, so the session is a URI of our own and the field a logical location within. */
static struct json_object *location(const FindingRow *f)
{
        struct json_object *o = json_object_new_object(), *physical = json_object_new_object(),
                           *artifact = json_object_new_object(),
                           *logical = json_object_new_object(), *list = json_object_new_array();
        _cleanup_free_ char *uri = NULL, *name = NULL;

        if (asprintf(&uri, "scrubjay:session/%s", f->session_id) < 0)
                uri = NULL;
        if ((f->ordinal >= 0 ? asprintf(&name, "%s/%" PRId64 "/%s", f->session_id, f->ordinal,
                                        f->field)
                             : asprintf(&name, "%s/%s", f->session_id, f->field)) < 0)
                name = NULL;
        json_add_text(artifact, "uri", uri);
        (void) json_object_object_add(physical, "artifactLocation", artifact);
        (void) json_object_object_add(o, "physicalLocation", physical);
        json_add_text(logical, "fullyQualifiedName", name);
        (void) json_object_array_add(list, logical);
        (void) json_object_object_add(o, "logicalLocations", list);
        return o;
}

/* Somebody has acknowledged it. */
static struct json_object *suppressions(const char *note)
{
        struct json_object *list = json_object_new_array(), *o = json_object_new_object();

        json_add_text(o, "kind", "external");
        json_add_text(o, "status", "accepted");
        if (*note)
                json_add_text(o, "justification", note);
        (void) json_object_array_add(list, o);
        return list;
}

static int on_finding(void *userdata, const FindingRow *f)
{
        struct json_object *o = json_object_new_object(), *message = json_object_new_object(),
                           *prints = json_object_new_object(), *locations = json_object_new_array(),
                           *properties = json_object_new_object();
        bool *is_first = userdata;

        json_add_text(o, "ruleId", f->rule);
        json_add_text(o, "level", "error");
        json_add_text(message, "text",
                      _("A secret was here. It is masked in the archive; rotate it."));
        (void) json_object_object_add(o, "message", message);
        (void) json_object_array_add(locations, location(f));
        (void) json_object_object_add(o, "locations", locations);
        json_add_fingerprint(prints, "scrubjayKeyed/v1", f->fingerprint);
        (void) json_object_object_add(o, "partialFingerprints", prints);
        json_add_text(properties, "project", f->project);
        json_add_text(properties, "seenAt", f->seen_at);
        (void) json_object_object_add(o, "properties", properties);
        if (*f->acknowledged_at)
                (void) json_object_object_add(o, "suppressions", suppressions(f->note));
        if (!*is_first)
                puts(",");
        *is_first = false;
        return json_print_part(stdout, o, 0);
}

int sarif_print(Query *q, const FindingFilter *filter)
{
        struct json_object *driver = json_object_new_object(), *rules = json_object_new_array();
        bool is_first = true;
        int r;

        json_add_text(driver, "name", "scrubjay");
        json_add_text(driver, "version", SCRUBJAY_VERSION);
        (void) json_object_object_add(driver, "rules", rules);
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
