package cloud

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestWhatOnlyOneServerHasIsLeftBehind(t *testing.T) {
	d := &types.RequestLaunchTemplateData{
		ImageId: aws.String("ami-1"),
		NetworkInterfaces: []interfaceAsked{{
			NetworkInterfaceId: aws.String("eni-1"), SubnetId: aws.String("subnet-1"), PrivateIpAddress: aws.String("10.0.0.1"), Groups: []string{"sg-1"},
		}},
		BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMappingRequest{{
			Ebs: &types.LaunchTemplateEbsBlockDeviceRequest{SnapshotId: aws.String("snap-1"), VolumeSize: aws.Int32(8)},
		}},
	}
	generalize(d)
	layImage("ami-2", d)
	n, ebs := d.NetworkInterfaces[0], d.BlockDeviceMappings[0].Ebs
	if n.NetworkInterfaceId != nil || n.SubnetId != nil || n.PrivateIpAddress != nil || len(n.Groups) != 1 {
		t.Errorf("got %+v, want the security groups alone", n)
	}
	if ebs.SnapshotId != nil || aws.ToInt32(ebs.VolumeSize) != 8 {
		t.Errorf("got %+v, want the size and not the old image's snapshot", ebs)
	}
}

func TestCommandThatIsNotThereYetIsPending(t *testing.T) {
	c, _ := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "InvocationDoesNotExist")
		w.WriteHeader(http.StatusBadRequest)
	}))
	if out, err := c.Output(t.Context(), "c-1", "i-1"); err != nil || out.Status != "Pending" || out.Over() {
		t.Errorf("got %+v, %v, want it pending", out, err)
	}
}
