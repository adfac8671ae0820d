package calendar

import (
	"fmt"
	"strings"
	"time"
)

// location finds a time zone by its name in the tz database, with or without a maker's prefix, or by the name
// that Outlook and Exchange give it.
func location(name string) (*time.Location, error) {
	name = strings.Trim(name, `"`)
	if iana, ok := outlook()[name]; ok {
		name = iana
	}
	for part := name; part != "" && part != "Local"; {
		if zone, err := time.LoadLocation(strings.TrimPrefix(part, "/")); err == nil {
			return zone, nil
		}
		_, rest, more := strings.Cut(strings.TrimPrefix(part, "/"), "/")
		if !more || !strings.HasPrefix(name, "/") {
			break
		}
		part = rest
	}
	return nil, fmt.Errorf("there is no time zone %q", name)
}

// outlook are the time zones that calendars of Outlook and Exchange name in their own way.
func outlook() map[string]string {
	return map[string]string{
		"UTC": "UTC", "Coordinated Universal Time": "UTC",
		"GMT Standard Time":              "Europe/London",
		"Greenwich Standard Time":        "Atlantic/Reykjavik",
		"W. Europe Standard Time":        "Europe/Berlin",
		"Central Europe Standard Time":   "Europe/Budapest",
		"Central European Standard Time": "Europe/Warsaw",
		"Romance Standard Time":          "Europe/Paris",
		"E. Europe Standard Time":        "Europe/Chisinau",
		"FLE Standard Time":              "Europe/Kyiv",
		"GTB Standard Time":              "Europe/Bucharest",
		"Turkey Standard Time":           "Europe/Istanbul",
		"Russian Standard Time":          "Europe/Moscow",
		"Israel Standard Time":           "Asia/Jerusalem",
		"Egypt Standard Time":            "Africa/Cairo",
		"South Africa Standard Time":     "Africa/Johannesburg",
		"Arab Standard Time":             "Asia/Riyadh",
		"Arabian Standard Time":          "Asia/Dubai",
		"Iran Standard Time":             "Asia/Tehran",
		"Pakistan Standard Time":         "Asia/Karachi",
		"India Standard Time":            "Asia/Kolkata",
		"Bangladesh Standard Time":       "Asia/Dhaka",
		"SE Asia Standard Time":          "Asia/Bangkok",
		"China Standard Time":            "Asia/Shanghai",
		"Singapore Standard Time":        "Asia/Singapore",
		"Taipei Standard Time":           "Asia/Taipei",
		"W. Australia Standard Time":     "Australia/Perth",
		"Tokyo Standard Time":            "Asia/Tokyo",
		"Korea Standard Time":            "Asia/Seoul",
		"Cen. Australia Standard Time":   "Australia/Adelaide",
		"E. Australia Standard Time":     "Australia/Brisbane",
		"AUS Eastern Standard Time":      "Australia/Sydney",
		"New Zealand Standard Time":      "Pacific/Auckland",
		"E. South America Standard Time": "America/Sao_Paulo",
		"Argentina Standard Time":        "America/Argentina/Buenos_Aires",
		"SA Pacific Standard Time":       "America/Bogota",
		"Newfoundland Standard Time":     "America/St_Johns",
		"Atlantic Standard Time":         "America/Halifax",
		"Eastern Standard Time":          "America/New_York",
		"US Eastern Standard Time":       "America/Indiana/Indianapolis",
		"Central Standard Time":          "America/Chicago",
		"Central Standard Time (Mexico)": "America/Mexico_City",
		"Canada Central Standard Time":   "America/Regina",
		"Mountain Standard Time":         "America/Denver",
		"US Mountain Standard Time":      "America/Phoenix",
		"Pacific Standard Time":          "America/Los_Angeles",
		"Alaskan Standard Time":          "America/Anchorage",
		"Hawaiian Standard Time":         "Pacific/Honolulu",
	}
}
