package engine_test

import (
	"os"
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(workerEnv); addr != "" {
		work(addr)
		return
	}
	debug.SetGCPercent(400) // a miniredis makes a Lua machine for each script
	goleak.VerifyTestMain(m)
}
