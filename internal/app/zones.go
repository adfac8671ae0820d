package app

import _ "time/tzdata" // a policy names time zones, and the image that the bot runs in has none of its own
