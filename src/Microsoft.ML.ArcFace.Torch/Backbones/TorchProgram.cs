using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Backbones;

/// <summary>The nodes of a network as calls of libtorch and of our own kernels, which free each value after its last use.</summary>
internal sealed class TorchProgram
{
    private readonly TorchOperators _operators;
    private readonly int _valueCount;
    private readonly int _output;
    private readonly List<Step> _steps = [];

    /// <param name="network">The network.</param>
    /// <param name="isTraining">Whether the pass that runs is one of training.</param>
    /// <exception cref="WeightsFormatException">There is no code for a node; the message names it.</exception>
    public TorchProgram(NetworkDescription network, Func<bool> isTraining)
    {
        TorchOperators operators = _operators = new(network, isTraining);
        Dictionary<string, int> places = new() { [network.Input] = 0 };
        Dictionary<string, int> lastReaders = network.Nodes.SelectMany((node, number) => node.Inputs.Select(value => (value, number))).GroupBy(entry => entry.value).ToDictionary(group => group.Key, group => group.Max(entry => entry.number));
        for (int number = 0; number < network.Nodes.Count; number++)
        {
            NetworkNode node = network.Nodes[number];
            NetworkNode last = operators.FusedBehind(node) ?? node;
            string[] inputs = [.. node.Inputs.Where(places.ContainsKey)];
            places.Add(last.Output, places.Count);
            int[] dead = [.. inputs.Distinct().Where(value => value != network.Input && value != network.Output && lastReaders[value] == number).Select(value => places[value])];
            _steps.Add(new Step([.. inputs.Select(value => places[value])], places[last.Output], dead, operators.Create(node)));
            number += last == node ? 0 : 1;
        }

        Layers = operators.Layers;
        (_valueCount, _output) = (places.Count, places[network.Output]);
    }

    /// <summary>The layers that have tensors, in the order of the nodes.</summary>
    public IReadOnlyList<TorchLayer> Layers { get; }

    /// <inheritdoc cref="TorchOperators.HeadType"/>
    public ScalarType HeadType => _operators.HeadType;

    /// <summary>Runs all nodes; the input stays.</summary>
    public Tensor Run(Tensor input)
    {
        var values = new Tensor?[_valueCount];
        values[0] = input;
        try
        {
            foreach (Step step in _steps)
            {
                Tensor output = step.Compute(Array.ConvertAll(step.Inputs, place => values[place]!));
                values[step.Output] = output;
                foreach (int place in step.Dead)
                {
                    if (!ReferenceEquals(values[place], output))
                    {
                        values[place]!.Dispose();
                    }

                    values[place] = null;
                }
            }

            return values[_output]!;
        }
        catch
        {
            Array.ForEach(values[1..], value => value?.Dispose());
            throw;
        }
    }

    /// <summary>A node, or two that are computed as one.</summary>
    /// <param name="Inputs">The places of the values that it reads.</param>
    /// <param name="Output">The place of the value that it makes.</param>
    /// <param name="Dead">The places of those that nobody reads any more.</param>
    /// <param name="Compute">Makes the value.</param>
    private sealed record Step(int[] Inputs, int Output, int[] Dead, Func<Tensor[], Tensor> Compute);
}
