// Package launch makes an Auto Scaling group of identical servers: from one that is configured, from an image, or
// from a family's golden image. New, pure, turns what was read (Facts) and what was asked for (Want) into a Plan that
// people can approve; Workflow carries it out as one operation: it bakes the image if there is none, makes the launch
// template, proves it, makes the group with absolute numbers, and follows it until every instance is in service;
// Painter draws the operation from its record alone.
//
// Nothing is made twice. AWS takes no token for a group, so its name is what tells it: a group that carries this
// operation's tag was made by an earlier attempt and is taken over; one that does not is somebody else's and is left
// alone. The template carries a token and the tag, a version of an existing template the operation in its description.
//
// Once something was made, nothing ends in silence: what goes wrong is told with AWS's own words, and people choose
// whether it goes on or is taken back. Taking back deletes what this operation made, in reverse order, and only what
// carries its tag. The image that was baked is kept unless it is asked for, too. Without an answer everything stays
// as it is, and the end says what there is.
//
// It knows neither Slack nor the SDK.
package launch
