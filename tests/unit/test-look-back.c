/* look-back: whether a session must be searched again */
#include "mask/secret-maker.h"
#include "rules-fixture.h"
#include "sync/look-back.h"
#include "test.h"

static const HashKey key = { { 4 } };

/* A test's setup: a masker that learns, and the texts of a session. */
typedef struct Desk {
        Masker *masker;
        LookBack texts;
        char *told, *secret; /* a text that reveals a secret, and the secret */
        char *large;
        size_t large_size;
} Desk;

static void desk_make(Desk *d)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load_rules(NULL);

        *d = (Desk){ .large_size = 3 * 1024 * 1024 };
        d->masker = masker_new(rules, &key);
        REQUIRE(secret_make("{alnum:20}", &d->secret) == 0);
        REQUIRE(asprintf(&d->told, "DB_PASSWORD=%s\n", d->secret) > 0);
        REQUIRE((d->large = malloc(d->large_size)) != NULL);
        memset(d->large, '.', d->large_size);
}

static void desk_done(Desk *d)
{
        masker_free(d->masker);
        look_back_done(&d->texts);
        free(d->told);
        free(d->secret);
        free(d->large);
}

/* Adds the session's next message. Returns where it begins. */
static size_t add(Desk *d, const char *text, size_t size)
{
        Message m = { .values = { [MESSAGE_CONTENT] = value_text(text, size) } };
        size_t begin = SIZE_MAX;

        CHECK_INT(look_back_add(&d->texts, &m, &begin), 0);
        return begin;
}

/* The message that reveals the secret, which may be unseen from @from on. */
static void learn(Desk *d, size_t from)
{
        size_t begin = add(d, d->told, strlen(d->told));
        Masked masked;

        CHECK_INT(masker_mask(d->masker, MASK_TEXT, d->told, strlen(d->told), &masked), 0);
        CHECK_INT(masker_n_known(d->masker), 1);
        look_back_learn(&d->texts, d->masker, from, begin);
}

TEST(only_what_stands_before_is_worth_a_look)
{
        _cleanup_(desk_done) Desk d;

        desk_make(&d);
        (void) add(&d, "nothing", 7);
        learn(&d, 0);
        (void) add(&d, d.secret, strlen(d.secret)); /* masked when it was read */
        CHECK_INT(look_back_is_due(&d.texts, d.masker), 0);
        look_back_clear(&d.texts);
        masker_forget(d.masker);
        (void) add(&d, d.secret, strlen(d.secret));
        learn(&d, 0);
        CHECK_INT(look_back_is_due(&d.texts, d.masker), 1);
}

TEST(an_escape_hides_nothing)
{
        _cleanup_(desk_done) Desk d;
        char escaped[64];

        desk_make(&d);
        (void) snprintf(escaped, sizeof(escaped), "\\u%04x%s", (unsigned) d.secret[0],
                        d.secret + 1);
        (void) add(&d, escaped, strlen(escaped));
        learn(&d, 0);
        CHECK_INT(look_back_is_due(&d.texts, d.masker), 1);
}

TEST(large_texts_are_searched_only_where_a_secret_may_be)
{
        _cleanup_(desk_done) Desk d;

        desk_make(&d);
        (void) add(&d, d.large, d.large_size);
        learn(&d, 0);
        CHECK_INT(look_back_is_due(&d.texts, d.masker), 1);
}

/* A large session grows by a clean message: all of it already knew the secret. */
TEST(masked_texts_are_not_searched_again_for_their_size)
{
        _cleanup_(desk_done) Desk d;

        desk_make(&d);
        (void) add(&d, d.large, d.large_size);
        learn(&d, SIZE_MAX);
        (void) add(&d, "one more", 8);
        CHECK_INT(look_back_is_due(&d.texts, d.masker), 0);
}

TEST(of_a_second_look_only_some_messages_are_worth_it)
{
        _cleanup_(desk_done) Desk d;
        Message clean = { .values = { [MESSAGE_CONTENT] = value_text("clean", 5) } }, bare = clean,
                large = clean;

        desk_make(&d);
        learn(&d, 0);
        bare.values[MESSAGE_CONTENT] = value_text(d.secret, strlen(d.secret));
        large.values[MESSAGE_CONTENT] = value_text(d.large, d.large_size);
        CHECK_INT(look_back_concerns(&d.texts, d.masker, &clean), 0);
        CHECK_INT(look_back_concerns(&d.texts, d.masker, &bare), 1);
        CHECK_INT(look_back_concerns(&d.texts, d.masker, &large), 1); /* not searched */
}
