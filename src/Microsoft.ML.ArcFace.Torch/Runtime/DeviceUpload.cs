using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Brings tensors from the processor to a device while the calling thread goes on.</summary>
internal static class DeviceUpload
{
    /// <summary>
    /// The tensor on the device; for the processor it shares its memory. What is computed there afterwards sees all of it.
    /// </summary>
    /// <param name="host">A tensor on the processor. It may be freed as soon as this returns.</param>
    /// <param name="device">Where it is to be.</param>
    public static Tensor To(Tensor host, Device device)
    {
        if (device.type != DeviceType.CUDA)
        {
            return host.to(device);
        }

        // A copy out of pageable memory waits for all that the device has still to do; one out of pinned memory is queued.
        // libtorch gives a pinned block out again only when the copies from it are done.
        using Tensor pinned = host.pin_memory();
        return pinned.to(device, non_blocking: true);
    }
}
