using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>Reads and writes weights files from and into tensors of libtorch.</summary>
internal static class TorchWeights
{
    extension(Safetensors)
    {
        /// <inheritdoc cref="Safetensors.Write(Stream, IReadOnlyList{ValueTuple{string, StateTensor}}, IReadOnlyDictionary{string, string}?)"/>
        public static void Write(Stream stream, IReadOnlyList<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null)
        {
            ArgumentNullException.ThrowIfNull(tensors);
            Safetensors.Write(stream, [.. tensors.Select(entry => (entry.Name, (StateTensor)new ModuleTensor(entry.Tensor)))], metadata);
        }

        /// <inheritdoc cref="Safetensors.Load(Stream, IReadOnlyList{ValueTuple{string, WritableTensor}})"/>
        public static IReadOnlyDictionary<string, string> Load(Stream stream, IReadOnlyList<(string Name, Tensor Tensor)> targets) => Safetensors.Load(stream, Writable(targets));
    }

    /// <summary>Copies the weights of a network into a module of the same network, by name.</summary>
    public static void CopyFrom(this nn.Module module, IReadOnlyDictionary<string, StateTensor> tensors)
    {
        foreach ((string name, WritableTensor target) in ModuleState.ByName(module))
        {
            target.CopyFrom(tensors[name]);
        }
    }

    /// <inheritdoc cref="SafetensorsReader.CopyInto"/>
    public static void CopyInto(this SafetensorsReader reader, IReadOnlyList<(string Name, Tensor Tensor)> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        reader.CopyInto(Writable(targets));
    }

    /// <inheritdoc cref="WeightsFile.CopyInto"/>
    public static void CopyInto(this WeightsFile file, IEnumerable<(StoredTensor Stored, Tensor Target)> pairs) =>
        file.CopyInto(pairs.Select(pair => (pair.Stored, (WritableTensor)new ModuleTensor(pair.Target))));

    private static (string, WritableTensor)[] Writable(IReadOnlyList<(string Name, Tensor Tensor)> targets) => [.. targets.Select(target => (target.Name, (WritableTensor)new ModuleTensor(target.Tensor)))];
}
