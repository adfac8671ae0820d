package say

import "strings"

// Limited reports whether AWS's words are about a limit of the account: it is the same in every zone, and does not lift
// by itself. What a group could not launch is told in words only.
func Limited(words string) bool {
	return names(words, "limit of", "quota", "limit exceeded", "count exceeded")
}

// Short reports whether AWS's words are about a zone that has no machines of a type left.
func Short(words string) bool { return !Limited(words) && names(words, "capacity") }

// Remedy is the next step after AWS could not launch what it was asked for, by what it says of that; empty where the
// words are about something else.
func Remedy(words string) Safe {
	switch {
	case Limited(words):
		return "This is a limit of the account: ask AWS for a higher one, or end instances that nobody needs"
	case names(words, "free addresses"):
		return "The subnet is full: end what nobody needs in it, or give the group another subnet"
	case Short(words):
		return "AWS has no machine of that type there now, and tries the other zones of the group, too"
	}
	return ""
}

func names(words string, any ...string) bool {
	words = strings.ToLower(words)
	for _, a := range any {
		if strings.Contains(words, a) {
			return true
		}
	}
	return false
}
