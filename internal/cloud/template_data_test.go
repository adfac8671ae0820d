package cloud

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"pgregory.net/rapid"
)

// TestRequestLosesNothing makes template data with any of its fields set, at any depth, and compares the two sides by
// their names. What AWS returns and does not take is left out of the comparison.
func TestRequestLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := &types.ResponseLaunchTemplateData{}
		someOf(t, reflect.ValueOf(data).Elem(), "")
		got, want := plain(t, request(data)), plain(t, data)
		drop(want, "MetadataOptions", "State")
		drop(want, "Operator", "HiddenByDefault")
		drop(want, "Operator", "Managed")
		interfaces, _ := want["NetworkInterfaces"].([]any)
		for _, n := range interfaces {
			addresses, _ := n.(map[string]any)["Ipv6Addresses"].([]any)
			for _, a := range addresses {
				delete(a.(map[string]any), "IsPrimaryIpv6")
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// someOf sets some of the fields of a value.
func someOf(t *rapid.T, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		if rapid.Bool().Draw(t, path) {
			v.Set(reflect.New(v.Type().Elem()))
			someOf(t, v.Elem(), path)
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 2).Draw(t, path)
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			someOf(t, v.Index(i), fmt.Sprint(path, i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 1e9).Draw(t, path), 0).UTC()))
			return
		}
		for field, value := range v.Fields() {
			if field.IsExported() {
				someOf(t, value, path+"."+field.Name)
			}
		}
	case reflect.String:
		v.SetString(path)
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, path))
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(rapid.Int32().Draw(t, path)))
	case reflect.Float64:
		v.SetFloat(float64(rapid.Int32().Draw(t, path)))
	default:
		t.Fatalf("%s is a %s", path, v.Kind())
	}
}

// plain is a value by the names of its fields.
func plain(t *rapid.T, value any) map[string]any {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func drop(m map[string]any, field, inner string) {
	if within, ok := m[field].(map[string]any); ok {
		delete(within, inner)
	}
}
