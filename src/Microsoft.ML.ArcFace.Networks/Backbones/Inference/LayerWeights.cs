using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Backbones.Inference;

/// <summary>Changes outputs of a layer while they are read: their weights [n, columns] and their bias [n].</summary>
internal delegate void LayerChange(Span<float> weight, Span<float> bias);

/// <summary>
/// The weights of a convolution or a linear layer as its step takes them, output by output, so that nothing but what the step makes
/// of them need be in memory. Several threads may read at once.
/// </summary>
/// <param name="weight">[out, …].</param>
/// <param name="bias">[out]; null for zeros.</param>
/// <param name="change">What is done to them; null for nothing.</param>
internal sealed class LayerWeights(StateTensor weight, StateTensor? bias, LayerChange? change = null)
{
    /// <summary>Rows of the weight.</summary>
    public int Outputs { get; } = (int)weight.Shape[0];

    /// <summary>Numbers of a row.</summary>
    public int Columns { get; } = checked((int)weight.RowLength);

    /// <summary>Reads as many outputs as there is room for.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="rows">Receives their weights, row by row.</param>
    /// <param name="biases">Receives their biases.</param>
    public void Read(int first, Span<float> rows, Span<float> biases)
    {
        weight.CopyRows(first, rows);
        if (bias is null)
        {
            biases.Clear();
        }
        else
        {
            bias.CopyRows(first, biases);
        }

        if (biases.Length > 0)
        {
            change?.Invoke(rows, biases);
        }
    }

    /// <summary>Reads all of them.</summary>
    public (float[] Weight, float[] Bias) ToArrays()
    {
        (float[] rows, float[] biases) = (new float[(long)Outputs * Columns], new float[Outputs]);
        Read(0, rows, biases);
        return (rows, biases);
    }
}
