/*
 * Once-delivery: the remotes of scrubjayd --once
 *
 * A small cycle is delivered when it is done. During a large one the couriers run beside it, so that masking and the
 * network take their time together; what they have at the end is the same.
 */
#pragma once

#include "base/json.h"
#include "service/settings.h"

typedef struct OnceDelivery OnceDelivery;

/* Borrows @settings. */
OnceDelivery *once_delivery_new(const Settings *settings);

/* Ends what is in hand. */
OnceDelivery *once_delivery_free(OnceDelivery *o);
DEFINE_CLEANUP(OnceDelivery *, once_delivery_free)

/* The cycle has read so much text by now. */
void once_delivery_progress(OnceDelivery *o, uint64_t bytes_read);

/*
 * The cycle is done: every remote gets what the archive holds now; @remotes gets a member for each, with rows_sent and
 * error. @stop is looked at in between. Returns whether one of them failed.
 */
bool once_delivery_finish(OnceDelivery *o, bool (*stop)(void), struct json_object *remotes);
