package audit

import (
	_ "embed"
)

//go:embed trim.lua
var trimScript string
