using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// Keeps the trained weights of a model in use. What embeds has copies of its own, with the norms folded in, from which the trained ones
/// cannot be had again; saving, exporting and fingerprints need them exactly. They lie in a temporary file, so that memory
/// holds the weights once, or in memory where no such file can be written.
/// </summary>
internal sealed class WeightStore : IDisposable
{
    /// <summary>Tensors begin at multiples of it.</summary>
    private const int Alignment = sizeof(long);

    private readonly UnnamedFile? _file;

    /// <summary>Keeps tensors that there are.</summary>
    /// <param name="tensors">The tensors by name.</param>
    /// <param name="file">Where they lie, which then belongs to the store; null for memory.</param>
    public WeightStore(IReadOnlyDictionary<string, WritableTensor> tensors, UnnamedFile? file = null)
    {
        (Writable, _file) = (tensors, file);
        Tensors = tensors.ToDictionary(entry => entry.Key, entry => (StateTensor)entry.Value);
    }

    /// <summary>The tensors by their published names.</summary>
    public IReadOnlyDictionary<string, StateTensor> Tensors { get; }

    /// <summary>The same tensors, to be filled.</summary>
    public IReadOnlyDictionary<string, WritableTensor> Writable { get; }

    /// <summary>Tells whether the weights are in memory.</summary>
    public bool IsInMemory => _file is null;

    /// <summary>Makes room for the weights of a network in memory; they are 0.</summary>
    public static WeightStore InMemory(NetworkDescription network) => new(network.Tensors.ToDictionary(tensor => tensor.Name, tensor => PlainTensor.Zeros(tensor.Type, tensor.Shape)));

    /// <summary>Makes room for the weights of a network in a temporary file; what is not filled of them is 0.</summary>
    /// <param name="network">The network.</param>
    /// <param name="folder">The folder of the file.</param>
    /// <exception cref="IOException">No file can be written there, or none of that size.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static WeightStore InFile(NetworkDescription network, string folder)
    {
        var positions = new List<long>(network.Tensors.Count);
        long length = 0;
        foreach (NetworkTensor tensor in network.Tensors)
        {
            positions.Add(length);
            long bytes = PlainTensor.CountOf(tensor.Shape) * SafetensorsType.SizeOf(tensor.Type);
            length += (bytes + Alignment - 1) / Alignment * Alignment;
        }

        UnnamedFile file = UnnamedFile.Create(folder, length);
        return new WeightStore(network.Tensors.Zip(positions).ToDictionary(entry => entry.First.Name, WritableTensor (entry) => new FileTensor(entry.First.Type, entry.First.Shape, file, entry.Second)), file);
    }

    public void Dispose() => _file?.Dispose();
}
