package grammar

import (
	"regexp"
	"strings"
)

var bare = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=][A-Za-z0-9_./:@%+,=-]*$`)

// Quote writes a value so that Words reads the very same value back, as a literal where it needs to be.
func Quote(value string) string {
	if bare.MatchString(value) {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `<`, `\<`).Replace(value) + `"`
}
