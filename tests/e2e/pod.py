"""Runs a Kubernetes Job's containers one after the other (init containers first) without Kubernetes:
pod.py MANIFEST IMAGES, where IMAGES/NAME is the root file system of the image NAME. Volumes are
folders, bound into a read-only root; each runs as the user that the pod names, without new
privileges. What container C prints goes to C.out and C.err."""
import os
import subprocess
import sys
import yaml

manifest, images = sys.argv[1:]
job = yaml.safe_load(open(manifest, encoding="utf-8"))
assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
pod = job["spec"]["template"]["spec"]
user = pod["securityContext"]["runAsUser"]
assert pod["securityContext"]["runAsNonRoot"]
for volume in pod["volumes"]:
    assert "emptyDir" in volume
    os.makedirs("volume-" + volume["name"], exist_ok=True)
    os.chmod("volume-" + volume["name"], 0o777)


def script(container, root):
    lines = ["set -e", f'mount --bind "{root}" "{root}"', f'mount -o remount,bind,ro "{root}"']
    lines += [f'mount --bind /dev "{root}/dev"', f'mount -t proc proc "{root}/proc"']
    for mount in container["volumeMounts"]:
        place = root + mount["mountPath"]
        lines.append(f'mount --bind "volume-{mount["name"]}" "{place}"')
        if mount.get("readOnly"):
            lines.append(f'mount -o remount,bind,ro "{place}"')
    lines.append(f'exec setpriv --no-new-privs chroot --userspec={user}:{user} "{root}" env -i "$@"')
    return "\n".join(lines)


status = 0
for container in pod.get("initContainers", []) + pod["containers"]:
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    root = os.path.abspath(os.path.join(images, container["image"]))
    for mount in container["volumeMounts"]:
        os.makedirs(root + mount["mountPath"], exist_ok=True)
    variables = ["PATH=/usr/bin:/bin"] + [f'{v["name"]}={v["value"]}' for v in container.get("env", [])]
    with open(container["name"] + ".out", "wb") as out, open(container["name"] + ".err", "wb") as err:
        done = subprocess.run(["unshare", "-m", "sh", "-c", script(container, root), "sh", *variables,
                               *container["command"]], stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False)
    print(container["name"], done.returncode)
