# The images, for `docker buildx bake`. images/build runs it, and sets the variables of the first part from
# `mayfly images variables`. They have no defaults: the Dockerfiles refuse an empty one.

variable "ACTIONS" {}
variable "DEBIAN_IMAGE" {}
variable "DOCKER_SHA256_AMD64" {}
variable "DOCKER_SHA256_ARM64" {}
variable "DOCKER_VERSION" {}
variable "FLUENT_BIT_IMAGE" {}
variable "REGISTRY_IMAGE" {}
variable "RUNNER_CURRENT_ON" {}
variable "RUNNER_SHA256_AMD64" {}
variable "RUNNER_SHA256_ARM64" {}
variable "RUNNER_VERSION" {}

# The most megabytes of action archives, from images/budget.toml.
variable "ACTIONS_MB" {
  default = "30"
}

# Where to push the images, for example `<account>.dkr.ecr.<region>.amazonaws.com/mayfly`.
variable "REPOSITORY" {
  default = "mayfly"
}

# Their tag there. Deploys use their digests.
variable "TAG" {
  default = "local"
}

# The folder for the OCI image layouts, which images/build measures, and with PID 1 for each architecture.
variable "OUT" {
  default = "target/images"
}

group "default" {
  targets = ["runner", "runner-docker", "dockerd", "logs", "mirror", "runtimes"]
}

# zstd unpacks faster than gzip; the distribution's layers are recompressed for it.
target "_image" {
  platforms = ["linux/amd64", "linux/arm64"]
  pull      = true
  # An attestation would be one more manifest, and no task pulls it.
  attest = [
    "type=provenance,disabled=true",
    "type=sbom,disabled=true",
  ]
}

target "_runner" {
  inherits = ["_image"]
  context  = "images/runner"
  contexts = {
    runner-init = "${OUT}/init"
  }
  args = {
    ACTIONS             = ACTIONS
    ACTIONS_MB          = ACTIONS_MB
    BASE_IMAGE          = DEBIAN_IMAGE
    IMAGE_VERSION       = TAG
    RUNNER_CURRENT_ON   = RUNNER_CURRENT_ON
    RUNNER_SHA256_AMD64 = RUNNER_SHA256_AMD64
    RUNNER_SHA256_ARM64 = RUNNER_SHA256_ARM64
    RUNNER_VERSION      = RUNNER_VERSION
  }
}

# What both runners share. It is built for the second one, and is not an image of its own.
target "common" {
  inherits = ["_runner"]
  target   = "common"
  output   = ["type=cacheonly"]
}

target "runner" {
  inherits = ["_runner"]
  target   = "runner"
  tags     = ["${REPOSITORY}/runner:${TAG}"]
  output   = ["type=oci,tar=false,dest=${OUT}/runner,compression=zstd,compression-level=19,force-compression=true,oci-mediatypes=true"]
}

target "runner-docker" {
  inherits = ["_image"]
  context  = "images/runner-docker"
  contexts = {
    common = "target:common"
  }
  tags   = ["${REPOSITORY}/runner-docker:${TAG}"]
  output = ["type=oci,tar=false,dest=${OUT}/runner-docker,compression=zstd,compression-level=19,force-compression=true,oci-mediatypes=true"]
}

target "dockerd" {
  inherits = ["_image"]
  context  = "images/dockerd"
  args = {
    BASE_IMAGE          = DEBIAN_IMAGE
    DOCKER_SHA256_AMD64 = DOCKER_SHA256_AMD64
    DOCKER_SHA256_ARM64 = DOCKER_SHA256_ARM64
    DOCKER_VERSION      = DOCKER_VERSION
  }
  tags   = ["${REPOSITORY}/dockerd:${TAG}"]
  output = ["type=oci,tar=false,dest=${OUT}/dockerd,compression=zstd,compression-level=19,force-compression=true,oci-mediatypes=true"]
}

target "logs" {
  inherits = ["_image"]
  context  = "images/logs"
  args = {
    DEBIAN_IMAGE     = DEBIAN_IMAGE
    FLUENT_BIT_IMAGE = FLUENT_BIT_IMAGE
  }
  tags   = ["${REPOSITORY}/logs:${TAG}"]
  output = ["type=oci,tar=false,dest=${OUT}/logs,compression=zstd,compression-level=19,force-compression=true,oci-mediatypes=true"]
}

target "mirror" {
  inherits = ["_image"]
  context  = "images/mirror"
  args = {
    REGISTRY_IMAGE = REGISTRY_IMAGE
  }
  tags   = ["${REPOSITORY}/mirror:${TAG}"]
  output = ["type=oci,tar=false,dest=${OUT}/mirror,compression=zstd,compression-level=19,force-compression=true,oci-mediatypes=true"]
}

target "runtimes" {
  inherits = ["_image"]
  context  = "images/runtimes"
  contexts = {
    runner = "target:runner"
  }
  tags   = ["${REPOSITORY}/runtimes:${TAG}"]
  output = ["type=oci,tar=false,dest=${OUT}/runtimes,compression=zstd,compression-level=19,force-compression=true,oci-mediatypes=true"]
}
