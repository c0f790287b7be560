using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Data.Decoding;

/// <summary>Holds the pixels of a photograph, and their part of a budget until they are freed.</summary>
internal sealed class DecodedImage(MLImage image, DecodeBudget.Lease lease) : IDisposable
{
    public MLImage Image => image;

    public void Dispose()
    {
        image.Dispose();
        lease.Dispose();
    }
}
