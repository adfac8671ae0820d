package awssim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
)

// alarmPath is where CBOR requests go, followed by the action.
const alarmPath = "/service/GraniteServiceVersion20100801/operation/"

func (k *call) parseCBOR(path string, body []byte) error {
	name, ok := strings.CutPrefix(path, alarmPath)
	if !ok {
		return fmt.Errorf("awssim: no service at %s", path)
	}
	k.wire, k.service, k.action, k.p = cborWire{}, alarmService, name, &params{}
	if len(body) == 0 {
		return nil
	}
	value, err := readCBOR(body)
	if err != nil {
		return err
	}
	k.p = plant(value)
	return nil
}

// cborWire is Smithy RPC v2 with CBOR.
type cborWire struct{}

func (cborWire) success(_ *call, result []elem) string {
	return string(appendCBOR(nil, value(result)))
}

func (cborWire) failure(k *call, err *apiError) string {
	return string(appendCBOR(nil, failureValue(k, err)))
}

func (cborWire) headers(h http.Header, requestID string, _ int, _ string) {
	h.Set("Content-Type", "application/cbor")
	h.Set("Smithy-Protocol", "rpc-v2-cbor")
	h.Set("X-Amzn-Requestid", requestID)
}

// The major types of CBOR.
const (
	cborUint = iota << 5
	cborNegative
	cborBytes
	cborText
	cborList
	cborMap
	cborTag
	cborSimple
)

// appendCBOR writes maps, lists, texts, flags, whole numbers, fractions and times.
func appendCBOR(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		b = appendHead(b, cborMap, uint64(len(v)))
		for name, inner := range v {
			b = appendCBOR(appendCBOR(b, name), inner)
		}
	case []any:
		b = appendHead(b, cborList, uint64(len(v)))
		for _, inner := range v {
			b = appendCBOR(b, inner)
		}
	case string:
		b = append(appendHead(b, cborText, uint64(len(v))), v...)
	case bool:
		b = append(b, map[bool]byte{false: 0xf4, true: 0xf5}[v])
	case int64:
		b = appendHead(b, cborUint, uint64(v)) //nolint:gosec // periods are positive
	case float64:
		b = binary.BigEndian.AppendUint64(append(b, 0xfb), math.Float64bits(v))
	case time.Time:
		b = appendCBOR(appendHead(b, cborTag, 1), float64(v.UnixMilli())/1000)
	}
	return b
}

func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

var errCBOR = errors.New("awssim: the body is not CBOR")

// readCBOR reads one value.
func readCBOR(b []byte) (any, error) {
	v, _, err := nextCBOR(b, 0)
	return v, err
}

// endless is the length of lists, maps and texts that end with a break.
const endless = math.MaxUint64

// maxDepth is deeper than any request.
const maxDepth = 32

func nextCBOR(b []byte, depth int) (any, []byte, error) {
	if len(b) == 0 || depth > maxDepth {
		return nil, nil, errCBOR
	}
	major := b[0] & 0xe0
	if major == cborSimple {
		return simpleCBOR(b)
	}
	n, rest, err := headCBOR(b)
	if err != nil {
		return nil, nil, err
	}
	switch major {
	case cborUint:
		return n, rest, nil
	case cborNegative:
		return -1 - int64(n), rest, nil //nolint:gosec // a number no client sends
	case cborBytes, cborText:
		return textCBOR(n, rest, depth)
	case cborList:
		return listCBOR(n, rest, depth)
	case cborMap:
		return mapCBOR(n, rest, depth)
	}
	return nextCBOR(rest, depth+1) // a tag says how to read what follows; times are numbers to us
}

func headCBOR(b []byte) (uint64, []byte, error) {
	short, rest := b[0]&0x1f, b[1:]
	if short < 24 {
		return uint64(short), rest, nil
	}
	if short == 31 {
		return endless, rest, nil
	}
	size := 1 << (short - 24)
	if short > 27 || len(rest) < size {
		return 0, nil, errCBOR
	}
	n := uint64(0)
	for _, digit := range rest[:size] {
		n = n<<8 | uint64(digit)
	}
	return n, rest[size:], nil
}

func simpleCBOR(b []byte) (any, []byte, error) {
	switch b[0] {
	case 0xf4, 0xf5:
		return b[0] == 0xf5, b[1:], nil
	case 0xf6, 0xf7:
		return nil, b[1:], nil
	}
	n, rest, err := headCBOR(b)
	switch {
	case err != nil || n == endless:
		return nil, nil, errCBOR
	case b[0] == 0xfa:
		return float64(math.Float32frombits(uint32(n))), rest, nil
	case b[0] == 0xfb:
		return math.Float64frombits(n), rest, nil
	}
	return nil, nil, errCBOR
}

func textCBOR(n uint64, b []byte, depth int) (any, []byte, error) {
	if n == endless {
		var whole strings.Builder
		for len(b) > 0 && b[0] != 0xff {
			part, rest, err := nextCBOR(b, depth+1)
			if err != nil {
				return nil, nil, err
			}
			fragment, ok := part.(string)
			if !ok {
				return nil, nil, errCBOR
			}
			whole.WriteString(fragment)
			b = rest
		}
		if len(b) == 0 {
			return nil, nil, errCBOR
		}
		return whole.String(), b[1:], nil
	}
	if uint64(len(b)) < n {
		return nil, nil, errCBOR
	}
	return string(b[:n]), b[n:], nil
}

func listCBOR(n uint64, b []byte, depth int) (any, []byte, error) {
	all := []any{}
	for ; n > 0; n-- {
		if n > endless/2 && len(b) > 0 && b[0] == 0xff {
			return all, b[1:], nil
		}
		item, rest, err := nextCBOR(b, depth+1)
		if err != nil {
			return nil, nil, err
		}
		all, b = append(all, item), rest
	}
	return all, b, nil
}

func mapCBOR(n uint64, b []byte, depth int) (any, []byte, error) {
	all := map[string]any{}
	for ; n > 0; n-- {
		if n > endless/2 && len(b) > 0 && b[0] == 0xff {
			return all, b[1:], nil
		}
		name, rest, err := nextCBOR(b, depth+1)
		if err != nil {
			return nil, nil, err
		}
		key, ok := name.(string)
		if !ok {
			return nil, nil, errCBOR
		}
		inner, after, err := nextCBOR(rest, depth+1)
		if err != nil {
			return nil, nil, err
		}
		all[key], b = inner, after
	}
	return all, b, nil
}
