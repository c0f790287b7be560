using Microsoft.ML.ArcFace.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Brings faces into tensors of libtorch.</summary>
internal static class FaceTensors
{
    extension(FaceInput)
    {
        /// <summary>The faces as a normalised float32 tensor [count, 3, 112, 112] in channels-last memory.</summary>
        /// <param name="faces">At least count · <see cref="FaceInput.Count"/> bytes, one face after the other.</param>
        /// <param name="count">The number of faces, at least 1.</param>
        /// <param name="device">Where the tensor is to be.</param>
        public static Tensor ToTensor(ReadOnlySpan<byte> faces, int count, Device device) => ToTensor(faces, count, device, mirrored: false);

        /// <summary>As <see cref="ToTensor(ReadOnlySpan{byte}, int, Device, bool)"/>, with every face mirrored left to right.</summary>
        public static Tensor ToMirroredTensor(ReadOnlySpan<byte> faces, int count, Device device) => ToTensor(faces, count, device, mirrored: true);
    }

    private static Tensor ToTensor(ReadOnlySpan<byte> faces, int count, Device device, bool mirrored)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (faces.Length < (long)count * FaceInput.Count)
        {
            throw new ArgumentException($"{count} faces need {(long)count * FaceInput.Count} bytes; {faces.Length} were given.", nameof(faces));
        }

        using var scope = NewDisposeScope();

        // [count, 112, 112, 3]. The bytes, not the four times larger floats, travel to the device.
        Tensor pixels = empty([count, FaceInput.Size, FaceInput.Size, FaceInput.Channels], dtype: ScalarType.Byte);
        faces[..(count * FaceInput.Count)].CopyTo(pixels.bytes);
        pixels = DeviceUpload.To(pixels, device);
        if (mirrored)
        {
            pixels = pixels.flip(2);
        }

        // Interleaved pixels seen as [count, 3, 112, 112] are channels-last already, and the conversion keeps the strides.
        Tensor normalised = pixels.permute(0, 3, 1, 2).to(ScalarType.Float32).AddInPlace(-FaceInput.MiddleOfRange).DivideInPlace(FaceInput.MiddleOfRange);
        return normalised.MoveToOuterDisposeScope();
    }
}
