/* Conversation: what is known about a session's secrets before it is read, and after */
#include "sync/conversation.h"

#include <string.h>

#include "mask/view.h"

void conversation_done(Conversation *c)
{
        arena_done(&c->arena);
        free(c->secrets);
        free(c->places);
        *c = (Conversation){ 0 };
}

static uint32_t *find_place(const Conversation *c, uint64_t fingerprint)
{
        size_t i = fingerprint & (c->n_places - 1);

        while (c->places[i] && c->secrets[c->places[i] - 1].archived.fingerprint != fingerprint)
                i = (i + 1) & (c->n_places - 1);
        return c->places + i;
}

/* Twice as many. Returns 0 or -ENOMEM. */
static int make_places(Conversation *c)
{
        size_t n = c->n_places > 0 ? c->n_places * 2 : 64;
        uint32_t *places = calloc(n, sizeof(*places));

        if (!places)
                return -ENOMEM;
        free(c->places);
        c->places = places;
        c->n_places = n;
        for (size_t i = 0; i < c->n; i++)
                *find_place(c, c->secrets[i].archived.fingerprint) = (uint32_t) i + 1;
        return 0;
}

/* The rule's id and the teller have to live as long as @c. Returns 0 or -ENOMEM. */
static int add(Conversation *c, ConversationSecret secret)
{
        int r = 0;

        if (c->n * 2 >= c->n_places)
                r = make_places(c);
        if (r >= 0)
                r = TRY_APPEND(c->secrets, c->n, secret);
        if (r >= 0)
                *find_place(c, secret.archived.fingerprint) = (uint32_t) c->n;
        return r;
}

static bool is_own(const Conversation *c, const ArchivedSecret *s)
{
        return s->teller.type == VALUE_TEXT && s->teller.size == c->id.size &&
               memcmp(s->teller.text, c->id.text, c->id.size) == 0;
}

static int load(void *userdata, const ArchivedSecret *archived)
{
        Conversation *c = userdata;
        ConversationSecret s = { .archived = *archived };

        s.archived.rule = c->n > 0 && strcmp(c->secrets[c->n - 1].archived.rule, archived->rule) ==
                                                                          0
                                          ? c->secrets[c->n - 1].archived.rule
                                          : arena_copy(&c->arena, archived->rule,
                                                       strlen(archived->rule));
        if (is_own(c, archived))
                s.archived.teller.text = c->id.text;
        else if (archived->teller.type == VALUE_TEXT) /* which of the others does not matter */
                s.archived.teller.text = arena_copy(&c->arena, archived->teller.text,
                                                    archived->teller.size);
        if (!s.archived.rule || (archived->teller.type == VALUE_TEXT && !s.archived.teller.text))
                return -ENOMEM;
        return add(c, s);
}

int conversation_begin(Conversation *c, Archive *a, const Value *id)
{
        int r;

        arena_clear(&c->arena);
        if (c->n > 0)
                memset(c->places, 0, c->n_places * sizeof(*c->places));
        c->n = 0;
        c->is_note = false;
        c->id = *id;
        r = archive_conversation_get(a, &c->arena, id, &c->name, &c->applied);
        c->has_relatives = r > 0;
        return r < 0 ? r : archive_secrets(a, &c->name, load, c);
}

ConversationSecret *conversation_find(const Conversation *c, uint64_t fingerprint)
{
        uint32_t place = c->n > 0 ? *find_place(c, fingerprint) : 0;

        return place > 0 ? c->secrets + place - 1 : NULL;
}

int conversation_add(Conversation *c, uint64_t fingerprint, const char *rule)
{
        return add(c, (ConversationSecret){ .archived = { .fingerprint = fingerprint,
                                                          .rule = rule,
                                                          .shape = ARCHIVE_SHAPE_NONE },
                                            .is_new = true });
}

int conversation_told(Conversation *c, const Masker *masker, size_t from, size_t until)
{
        for (size_t i = from; i < until; i++) {
                Remembered told = masker_remembered(masker, i);
                ConversationSecret *s = conversation_find(c, told.fingerprint);

                if (!s && conversation_add(c, told.fingerprint, told.rule) < 0)
                        return -ENOMEM;
                s = s ?: c->secrets + c->n - 1;
                s->is_told = true;
                if (s->archived.shape == ARCHIVE_SHAPE_NONE) {
                        s->archived.shape = told.shape;
                        s->is_new = true;
                }
        }
        return 0;
}

size_t conversation_recall(Conversation *c, Masker *masker, int64_t policy, bool refutes,
                           int64_t *ret_newest)
{
        int64_t newest = -1;
        size_t n = 0;

        for (size_t i = 0; i < c->n; i++) {
                ConversationSecret *s = c->secrets + i;
                Remembered remembered = { s->archived.fingerprint, s->archived.shape,
                                          s->archived.rule };
                bool stays = masker_has_known_values(masker) &&
                             strcmp(s->archived.rule, KNOWN_VALUE) == 0;

                if (s->is_told || s->archived.shape == ARCHIVE_SHAPE_NONE)
                        continue;
                if (refutes && !stays && is_own(c, &s->archived) && s->archived.policy != policy) {
                        s->is_refuted = true;
                        continue;
                }
                if (!masker_add_remembered(masker, &remembered))
                        continue;
                n++;
                if (s->archived.change > newest)
                        newest = s->archived.change;
        }
        *ret_newest = newest;
        return n;
}

/* One secret. Returns 1 (written as a new one), 0 or a negative errno. */
static int settle(Conversation *c, Archive *a, ConversationSecret *s, int64_t policy,
                  int64_t change, bool keeps)
{
        ArchivedSecret *archived = &s->archived;
        bool learned = s->is_new && archived->shape != ARCHIVE_SHAPE_NONE;
        int r;

        if (s->is_refuted)
                return archive_secret_remove(a, &c->name, archived->fingerprint);
        if (!s->is_new && s->is_told && archived->teller.type == VALUE_TEXT &&
            archived->policy == policy)
                return 0;
        if (!s->is_new && !s->is_told && (keeps || !is_own(c, archived)))
                return 0;
        archived->teller = s->is_told && !c->is_note ? c->id : (Value){ 0 };
        archived->policy = policy;
        if (s->is_new)
                archived->change = change;
        r = archive_secret_put(a, &c->name, archived);
        return r < 0 ? r : learned;
}

int conversation_settle(Conversation *c, Archive *a, int64_t policy, int64_t change, bool keeps)
{
        bool learned = false;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->n; i++) {
                r = settle(c, a, c->secrets + i, policy, change, keeps);
                learned = learned || r > 0;
        }
        return r < 0 ? r : learned;
}
