using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>
/// Looks at the size of the faces that a model is given. A face of another size than 112×112 was not aligned to the template, at
/// least not by this library; it is counted and warned of once, or refused. Many threads may ask at once.
/// </summary>
/// <param name="isRequired">Whether faces of another size are refused.</param>
/// <param name="warn">Is told of the first one; null: nobody is.</param>
/// <param name="unalignedCount">Those that were told of before.</param>
internal sealed class AlignmentCheck(bool isRequired, Action<string>? warn = null, long unalignedCount = 0)
{
    private long _unalignedCount = unalignedCount;

    /// <summary>Faces of another size so far.</summary>
    public long UnalignedCount => Interlocked.Read(ref _unalignedCount);

    /// <summary>The first of them with its size; null: none so far.</summary>
    public string? FirstUnaligned { get; private set; }

    public bool IsRequired => isRequired;

    /// <summary>Looks at a face.</summary>
    /// <param name="image">The face.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <returns>Whether it has the size of an aligned face.</returns>
    /// <exception cref="FaceImageException">It has not, and that is required.</exception>
    public bool IsAligned(MLImage image, Func<string> name)
    {
        if (image.Width == FaceTensor.Size && image.Height == FaceTensor.Size)
        {
            return true;
        }

        if (isRequired)
        {
            throw FaceImageException.NotAligned(name(), image.Width, image.Height);
        }

        if (Interlocked.Increment(ref _unalignedCount) == 1)
        {
            FirstUnaligned = string.Create(CultureInfo.InvariantCulture, $"{name()} ({image.Width}×{image.Height} pixels)");
            warn?.Invoke($"The photograph {FirstUnaligned} is no aligned face of 112×112 pixels. {WhatHappens} This is said once.");
        }

        return false;
    }

    /// <summary>Says how many of a set are not aligned; null where all are.</summary>
    public string? Summary(string setName) => UnalignedCount == 0 ? null : string.Create(CultureInfo.InvariantCulture,
        $"In the {setName} {UnalignedCount:N0} photographs are no aligned faces of 112×112 pixels, such as {FirstUnaligned}. {WhatHappens}");

    private static string WhatHappens =>
        "Such a photograph is cropped to its central square and resized, wherever the face is, and faces that are not aligned are recognized poorly. " +
        "Find and align them first: DetectFaces and AlignFaces before the embedding, or arcface train --detector.";
}
