using Microsoft.ML.ArcFace.Data.Decoding;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace;

public sealed partial class FaceEmbedder
{
    /// <summary>What can be set about a <see cref="FaceEmbedder"/>.</summary>
    public sealed record Options
    {
        /// <summary>Faces of concurrent callers embedded in one forward pass, 1 to 4096. Default 32.</summary>
        public int MaxBatchSize { get; init; } = 32;

        /// <summary>How long a face waits for others to share its forward pass, 0 to 1 minute. Default 5 ms.</summary>
        public TimeSpan MaxBatchDelay { get; init; } = TimeSpan.FromMilliseconds(5);

        /// <summary>Faces that wait at most for their pass, 1 to 1,000,000; further callers wait to get in line. Default 1024.</summary>
        public int MaxQueueLength { get; init; } = 1024;

        /// <summary>How often the model's file is looked at for a replacement, 10 ms to 1 day; null: never. Default 5 s.</summary>
        public TimeSpan? ReloadInterval { get; init; } = TimeSpan.FromSeconds(5);

        /// <summary>Tells whether photographs that reach the embedding as no aligned faces of 112×112 pixels are refused. Default false: they are cropped and resized, with one warning.</summary>
        public bool RequireAligned { get; init; }

        /// <summary>The cosine to verify by instead of the model's own threshold, −1 to 1; null: the model's.</summary>
        public double? Cosine { get; init; }

        /// <summary>Photographs of more pixels are refused, 1 to 1,000,000,000; null: 250 million for JPEG, 64 million for other formats.</summary>
        public long? MaximumPixels { get; init; }

        /// <summary>
        /// Bytes that photographs of 16 MiB and more of pixels take together while they are decoded, detected and aligned, 16 MiB to
        /// 1 TiB; others wait, and one that needs more comes alone. Null: a 32nd of the machine's memory, at least 256 MiB.
        /// </summary>
        public long? DecodingBytes { get; init; }

        /// <summary>
        /// Faces of one photograph that <see cref="EmbedAll"/> embeds at most, 1 to 1,000,000; a photograph of more is refused before
        /// any is embedded. Default 1000.
        /// </summary>
        public int MaximumFaces { get; init; } = 1000;

        /// <summary>The GPU to embed on; null: the CPU.</summary>
        public int? GpuDeviceId { get; init; }

        /// <summary>Whether to embed on the CPU where that GPU cannot be used. Default false: an error.</summary>
        public bool FallbackToCpu { get; init; }

        /// <summary>The folder of the temporary file in which the weights of the model lie as they were trained, outside of memory; null: that of the system (TMPDIR).</summary>
        public string? TemporaryFolder { get; init; }

        /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
        internal IReadOnlyList<string> Violations()
        {
            var check = new OptionsCheck();
            check.InRange(MaxBatchSize, 1, 4096);
            check.That(MaxBatchDelay >= TimeSpan.Zero && MaxBatchDelay <= TimeSpan.FromMinutes(1), $"{nameof(MaxBatchDelay)} is {MaxBatchDelay}; it must be from 0 to 1 minute.");
            check.InRange(MaxQueueLength, 1, 1_000_000);
            check.That(
                ReloadInterval is null || (ReloadInterval >= TimeSpan.FromMilliseconds(10) && ReloadInterval <= TimeSpan.FromDays(1)),
                $"{nameof(ReloadInterval)} is {ReloadInterval}; it must be from 10 ms to 1 day, or null for never.");
            check.InRange(Cosine, -1, 1);
            check.InRange(MaximumPixels, 1, PixelLimit.LargestLimit);
            check.InRange(DecodingBytes, DecodeBudget.SmallBytes, 1L << 40);
            check.InRange(MaximumFaces, 1, 1_000_000);
            check.InRange(GpuDeviceId, 0, int.MaxValue);
            return check.Violations;
        }

        /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
        public override string ToString() => InvariantText.OfRecord(nameof(Options), PrintMembers);
    }
}
