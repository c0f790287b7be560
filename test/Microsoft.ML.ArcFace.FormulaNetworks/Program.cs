using Microsoft.ML.ArcFace;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.FormulaNetworks;
using Microsoft.ML.ArcFace.Weights;

// Writes the weights that a formula gives to a network as safetensors, for checks of programs that load models.
if (args is not [string network, string file])
{
    Console.Error.WriteLine($"Say NETWORK FILE, where NETWORK is one of {string.Join(", ", BackboneArchitectures.ShortNames)}.");
    return 2;
}

const int embeddingSize = 512;
using FileStream stream = File.Create(file);
Safetensors.Write(stream, [.. FormulaWeights.Of(BackboneDescription.Of(BackboneArchitectures.Parse(network), embeddingSize)).Select(weight => (weight.Key, weight.Value))]);
return 0;
