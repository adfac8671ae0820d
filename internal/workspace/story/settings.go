package story

import _ "embed"

//go:embed amiral.yaml
var settings []byte

// Settings is an amiral.yaml: the configuration that the stories are written for. Where Slack, AWS and Redis are
// stands in none of it.
func Settings() []byte { return append([]byte(nil), settings...) }
