using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.ArcFace.Experiments;

/// <summary>A hash of all that the result of a trial depends on, so that results of other experiments are not taken for it.</summary>
internal static class TrialKey
{
    /// <param name="options">The trial's options. Callbacks, the validation set and places for files are left out: they have no lasting text, or do not matter.</param>
    /// <param name="data">What tells the photographs and pairs from others.</param>
    public static string Of(ArcFaceTrainer.Options options, string data)
    {
        ArcFaceTrainer.Options lasting = options with { Progress = null, CancellationToken = default, ValidationSet = null, TensorBoardDirectory = null };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{lasting}\n{data}")));
    }
}
