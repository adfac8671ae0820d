package commands

import "encoding/base64"

// base64Of is a text as AWS keeps user data.
func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
