package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// containerRuntime is a runtime and image service of the Container Runtime Interface without images: every
// image is there, and a container is a process of the machine in a root of its own. A sandbox is only a name;
// all Pods share the machine's network.
type containerRuntime struct {
	cri.UnimplementedRuntimeServiceServer
	cri.UnimplementedImageServiceServer

	mutex      sync.Mutex
	sandboxes  map[string]*sandbox
	containers map[string]*container
}

type sandbox struct {
	config  *cri.PodSandboxConfig
	created time.Time
	ready   bool
}

// serveRuntime answers the kubelet.
func serveRuntime(listener net.Listener) error {
	runtime := &containerRuntime{sandboxes: make(map[string]*sandbox), containers: make(map[string]*container)}
	server := grpc.NewServer()
	cri.RegisterRuntimeServiceServer(server, runtime)
	cri.RegisterImageServiceServer(server, runtime)
	return server.Serve(listener)
}

func (r *containerRuntime) Version(context.Context, *cri.VersionRequest) (*cri.VersionResponse, error) {
	return &cri.VersionResponse{Version: "0.1.0", RuntimeName: "lab", RuntimeVersion: "1.0.0", RuntimeApiVersion: "v1"}, nil
}

func (r *containerRuntime) Status(context.Context, *cri.StatusRequest) (*cri.StatusResponse, error) {
	return &cri.StatusResponse{Status: &cri.RuntimeStatus{Conditions: []*cri.RuntimeCondition{
		{Type: cri.RuntimeReady, Status: true},
		{Type: cri.NetworkReady, Status: true},
	}}}, nil
}

func (r *containerRuntime) RuntimeConfig(context.Context, *cri.RuntimeConfigRequest) (*cri.RuntimeConfigResponse, error) {
	return &cri.RuntimeConfigResponse{Linux: &cri.LinuxRuntimeConfiguration{CgroupDriver: cri.CgroupDriver_CGROUPFS}}, nil
}

func (r *containerRuntime) UpdateRuntimeConfig(context.Context, *cri.UpdateRuntimeConfigRequest) (*cri.UpdateRuntimeConfigResponse, error) {
	return &cri.UpdateRuntimeConfigResponse{}, nil
}

func (r *containerRuntime) RunPodSandbox(_ context.Context, request *cri.RunPodSandboxRequest) (*cri.RunPodSandboxResponse, error) {
	if folder := request.GetConfig().GetLogDirectory(); folder != "" {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	id := newID()
	r.sandboxes[id] = &sandbox{config: request.GetConfig(), created: time.Now(), ready: true}
	return &cri.RunPodSandboxResponse{PodSandboxId: id}, nil
}

func (r *containerRuntime) StopPodSandbox(_ context.Context, request *cri.StopPodSandboxRequest) (*cri.StopPodSandboxResponse, error) {
	r.mutex.Lock()
	if sandbox := r.sandboxes[request.GetPodSandboxId()]; sandbox != nil {
		sandbox.ready = false
	}
	members := r.members(request.GetPodSandboxId())
	r.mutex.Unlock()
	for _, container := range members {
		container.halt(0)
	}
	return &cri.StopPodSandboxResponse{}, nil
}

func (r *containerRuntime) RemovePodSandbox(_ context.Context, request *cri.RemovePodSandboxRequest) (*cri.RemovePodSandboxResponse, error) {
	id := request.GetPodSandboxId()
	r.mutex.Lock()
	members := r.members(id)
	r.mutex.Unlock()
	for _, container := range members {
		container.halt(0)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	maps.DeleteFunc(r.containers, func(_ string, container *container) bool { return container.sandbox == id })
	delete(r.sandboxes, id)
	return &cri.RemovePodSandboxResponse{}, nil
}

// members are a sandbox's containers.
func (r *containerRuntime) members(sandbox string) []*container {
	var members []*container
	for _, container := range r.containers {
		if container.sandbox == sandbox {
			members = append(members, container)
		}
	}
	return members
}

func (r *containerRuntime) PodSandboxStatus(_ context.Context, request *cri.PodSandboxStatusRequest) (*cri.PodSandboxStatusResponse, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	sandbox := r.sandboxes[request.GetPodSandboxId()]
	if sandbox == nil {
		return nil, status.Errorf(codes.NotFound, "there is no sandbox %s", request.GetPodSandboxId())
	}
	options := sandbox.config.GetLinux().GetSecurityContext().GetNamespaceOptions()
	return &cri.PodSandboxStatusResponse{Status: &cri.PodSandboxStatus{
		Id:          request.GetPodSandboxId(),
		Metadata:    sandbox.config.GetMetadata(),
		State:       sandbox.state(),
		CreatedAt:   sandbox.created.UnixNano(),
		Network:     &cri.PodSandboxNetworkStatus{Ip: machineAddress()},
		Linux:       &cri.LinuxPodSandboxStatus{Namespaces: &cri.Namespace{Options: options}},
		Labels:      sandbox.config.GetLabels(),
		Annotations: sandbox.config.GetAnnotations(),
	}}, nil
}

func (s *sandbox) state() cri.PodSandboxState {
	if s.ready {
		return cri.PodSandboxState_SANDBOX_READY
	}
	return cri.PodSandboxState_SANDBOX_NOTREADY
}

func (r *containerRuntime) ListPodSandbox(_ context.Context, request *cri.ListPodSandboxRequest) (*cri.ListPodSandboxResponse, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	filter := request.GetFilter()
	response := new(cri.ListPodSandboxResponse)
	for id, sandbox := range r.sandboxes {
		if !matches(filter.GetId(), id) || !selects(filter.GetLabelSelector(), sandbox.config.GetLabels()) ||
			filter.GetState() != nil && filter.GetState().GetState() != sandbox.state() {
			continue
		}
		response.Items = append(response.Items, &cri.PodSandbox{
			Id:          id,
			Metadata:    sandbox.config.GetMetadata(),
			State:       sandbox.state(),
			CreatedAt:   sandbox.created.UnixNano(),
			Labels:      sandbox.config.GetLabels(),
			Annotations: sandbox.config.GetAnnotations(),
		})
	}
	return response, nil
}

func (r *containerRuntime) CreateContainer(_ context.Context, request *cri.CreateContainerRequest) (*cri.CreateContainerResponse, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.sandboxes[request.GetPodSandboxId()] == nil {
		return nil, status.Errorf(codes.NotFound, "there is no sandbox %s", request.GetPodSandboxId())
	}
	id := newID()
	r.containers[id] = &container{
		id:      id,
		sandbox: request.GetPodSandboxId(),
		config:  request.GetConfig(),
		log:     filepath.Join(request.GetSandboxConfig().GetLogDirectory(), request.GetConfig().GetLogPath()),
		created: time.Now(),
	}
	return &cri.CreateContainerResponse{ContainerId: id}, nil
}

func (r *containerRuntime) find(id string) (*container, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if container := r.containers[id]; container != nil {
		return container, nil
	}
	return nil, status.Errorf(codes.NotFound, "there is no container %s", id)
}

func (r *containerRuntime) StartContainer(_ context.Context, request *cri.StartContainerRequest) (*cri.StartContainerResponse, error) {
	container, err := r.find(request.GetContainerId())
	if err != nil {
		return nil, err
	}
	return &cri.StartContainerResponse{}, container.start()
}

func (r *containerRuntime) StopContainer(_ context.Context, request *cri.StopContainerRequest) (*cri.StopContainerResponse, error) {
	container, err := r.find(request.GetContainerId())
	if err != nil {
		// Stopping what is not there is no error (CRI).
		return &cri.StopContainerResponse{}, nil
	}
	container.halt(time.Duration(request.GetTimeout()) * time.Second)
	return &cri.StopContainerResponse{}, nil
}

func (r *containerRuntime) RemoveContainer(_ context.Context, request *cri.RemoveContainerRequest) (*cri.RemoveContainerResponse, error) {
	container, err := r.find(request.GetContainerId())
	if err != nil {
		return &cri.RemoveContainerResponse{}, nil
	}
	container.halt(0)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.containers, request.GetContainerId())
	return &cri.RemoveContainerResponse{}, os.RemoveAll(container.root())
}

func (r *containerRuntime) ListContainers(_ context.Context, request *cri.ListContainersRequest) (*cri.ListContainersResponse, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	filter := request.GetFilter()
	response := new(cri.ListContainersResponse)
	for id, container := range r.containers {
		current := container.status()
		if !matches(filter.GetId(), id) || !matches(filter.GetPodSandboxId(), container.sandbox) ||
			!selects(filter.GetLabelSelector(), container.config.GetLabels()) ||
			filter.GetState() != nil && filter.GetState().GetState() != current.State {
			continue
		}
		response.Containers = append(response.Containers, &cri.Container{
			Id:           id,
			PodSandboxId: container.sandbox,
			Metadata:     current.Metadata,
			Image:        current.Image,
			ImageRef:     current.ImageRef,
			ImageId:      current.ImageId,
			State:        current.State,
			CreatedAt:    current.CreatedAt,
			Labels:       current.Labels,
			Annotations:  current.Annotations,
		})
	}
	return response, nil
}

func (r *containerRuntime) ContainerStatus(_ context.Context, request *cri.ContainerStatusRequest) (*cri.ContainerStatusResponse, error) {
	container, err := r.find(request.GetContainerId())
	if err != nil {
		return nil, err
	}
	return &cri.ContainerStatusResponse{Status: container.status()}, nil
}

func (r *containerRuntime) UpdateContainerResources(context.Context, *cri.UpdateContainerResourcesRequest) (*cri.UpdateContainerResourcesResponse, error) {
	return &cri.UpdateContainerResourcesResponse{}, nil
}

// ReopenContainerLog has nothing to do: logs are opened anew for every line.
func (r *containerRuntime) ReopenContainerLog(context.Context, *cri.ReopenContainerLogRequest) (*cri.ReopenContainerLogResponse, error) {
	return &cri.ReopenContainerLogResponse{}, nil
}

func (r *containerRuntime) ContainerStats(context.Context, *cri.ContainerStatsRequest) (*cri.ContainerStatsResponse, error) {
	return &cri.ContainerStatsResponse{}, nil
}

func (r *containerRuntime) ListContainerStats(context.Context, *cri.ListContainerStatsRequest) (*cri.ListContainerStatsResponse, error) {
	return &cri.ListContainerStatsResponse{}, nil
}

func (r *containerRuntime) ListPodSandboxStats(context.Context, *cri.ListPodSandboxStatsRequest) (*cri.ListPodSandboxStatsResponse, error) {
	return &cri.ListPodSandboxStatsResponse{}, nil
}

func (r *containerRuntime) ListImages(context.Context, *cri.ListImagesRequest) (*cri.ListImagesResponse, error) {
	return &cri.ListImagesResponse{}, nil
}

func (r *containerRuntime) ImageStatus(_ context.Context, request *cri.ImageStatusRequest) (*cri.ImageStatusResponse, error) {
	name := request.GetImage().GetImage()
	return &cri.ImageStatusResponse{Image: &cri.Image{
		Id:       imageID(name),
		RepoTags: []string{name},
		Size:     1,
		Spec:     request.GetImage(),
	}}, nil
}

func (r *containerRuntime) PullImage(_ context.Context, request *cri.PullImageRequest) (*cri.PullImageResponse, error) {
	return &cri.PullImageResponse{ImageRef: imageID(request.GetImage().GetImage())}, nil
}

func (r *containerRuntime) RemoveImage(context.Context, *cri.RemoveImageRequest) (*cri.RemoveImageResponse, error) {
	return &cri.RemoveImageResponse{}, nil
}

func (r *containerRuntime) ImageFsInfo(context.Context, *cri.ImageFsInfoRequest) (*cri.ImageFsInfoResponse, error) {
	var space unix.Statfs_t
	const folder = "/var/lib/kubelet"
	if err := unix.Statfs(folder, &space); err != nil {
		return nil, err
	}
	usage := []*cri.FilesystemUsage{{
		Timestamp:  time.Now().UnixNano(),
		FsId:       &cri.FilesystemIdentifier{Mountpoint: folder},
		UsedBytes:  &cri.UInt64Value{Value: (space.Blocks - space.Bfree) * uint64(space.Bsize)},
		InodesUsed: &cri.UInt64Value{Value: space.Files - space.Ffree},
	}}
	return &cri.ImageFsInfoResponse{ImageFilesystems: usage, ContainerFilesystems: usage}, nil
}

func matches(wanted, actual string) bool { return wanted == "" || wanted == actual }

func selects(wanted, actual map[string]string) bool {
	for key, value := range wanted {
		if actual[key] != value {
			return false
		}
	}
	return true
}

// newID is as long as other runtimes' ids.
func newID() string {
	bytes := make([]byte, 32)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}

func imageID(name string) string {
	digest := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(digest[:])
}

// machineAddress is the first address of the machine's network card.
func machineAddress() string {
	card, err := net.InterfaceByName("eth0")
	if err != nil {
		return ""
	}
	addresses, err := card.Addrs()
	if err != nil {
		return ""
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.IsGlobalUnicast() {
			return network.IP.String()
		}
	}
	return ""
}

// container is a process, or what is left of one.
type container struct {
	id, sandbox, log string
	config           *cri.ContainerConfig
	created          time.Time

	mutex             sync.Mutex
	pid               int
	started, finished time.Time
	exitCode          int
	reason            string
	done              chan struct{}
}

func (c *container) root() string { return filepath.Join("/run/containers", c.id) }

// start runs the container's program.
func (c *container) start() error {
	if err := os.MkdirAll(c.root(), 0o755); err != nil {
		return err
	}
	description, err := json.Marshal(c.description())
	if err != nil {
		return err
	}
	command := newContainerCommand(description)
	logs := &containerLog{path: c.log}
	command.Stdout, command.Stderr = logs.stream("stdout"), logs.stream("stderr")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Setpgid: true}

	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := command.Start(); err != nil {
		return err
	}
	c.pid, c.started, c.done = command.Process.Pid, time.Now(), make(chan struct{})
	name := c.config.GetLabels()["io.kubernetes.container.name"]
	event(name, "started", c.pid)
	go func() {
		_ = command.Wait()
		logs.flush()
		event(name, "ended", c.pid)
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.finished, c.exitCode, c.reason = time.Now(), exitCode(command.ProcessState), "Completed"
		if c.exitCode != 0 {
			c.reason = "Error"
		}
		close(c.done)
	}()
	return nil
}

// exitCode is the number that shells and runtimes give to the end of a process.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

func (c *container) description() *containerConfig {
	description := &containerConfig{
		Root:        c.root(),
		Arguments:   slices.Concat(c.config.GetCommand(), c.config.GetArgs()),
		Directory:   c.config.GetWorkingDir(),
		Environment: []string{"PATH=" + searchPath, "HOME=/root"},
	}
	for _, variable := range c.config.GetEnvs() {
		description.Environment = append(description.Environment, variable.GetKey()+"="+string(variable.GetValue()))
	}
	for _, mount := range c.config.GetMounts() {
		description.Mounts = append(description.Mounts, containerMount{mount.GetHostPath(), mount.GetContainerPath(), mount.GetReadonly()})
	}
	// Parents first.
	slices.SortStableFunc(description.Mounts, func(a, b containerMount) int {
		return strings.Count(a.Target, "/") - strings.Count(b.Target, "/")
	})
	security := c.config.GetLinux().GetSecurityContext()
	description.User, description.Group = security.GetRunAsUser().GetValue(), security.GetRunAsGroup().GetValue()
	return description
}

// halt asks the program to stop, waits and then kills it.
func (c *container) halt(patience time.Duration) {
	c.mutex.Lock()
	pid, done := c.pid, c.done
	c.mutex.Unlock()
	if done == nil {
		return
	}
	if patience > 0 {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		select {
		case <-done:
			return
		case <-time.After(patience):
		}
	}
	select {
	case <-done:
	default:
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		<-done
	}
}

func (c *container) status() *cri.ContainerStatus {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	image := c.config.GetImage().GetImage()
	current := &cri.ContainerStatus{
		Id:          c.id,
		Metadata:    c.config.GetMetadata(),
		State:       cri.ContainerState_CONTAINER_CREATED,
		CreatedAt:   c.created.UnixNano(),
		Image:       c.config.GetImage(),
		ImageRef:    image,
		ImageId:     image,
		Labels:      c.config.GetLabels(),
		Annotations: c.config.GetAnnotations(),
		Mounts:      c.config.GetMounts(),
		LogPath:     c.log,
	}
	if c.done != nil {
		current.State = cri.ContainerState_CONTAINER_RUNNING
		current.StartedAt = c.started.UnixNano()
	}
	if !c.finished.IsZero() {
		current.State = cri.ContainerState_CONTAINER_EXITED
		current.FinishedAt = c.finished.UnixNano()
		current.ExitCode, current.Reason = int32(c.exitCode), c.reason
	}
	return current
}
